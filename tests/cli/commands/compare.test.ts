/** @file `dinoscope compare`, run for real on drawn pictures in class folders. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomStream } from '../../../src/engine/tensor'
import { lastJson, root, runCli } from '../run-cli'

const golden = join(root, 'tests', 'fixtures', 'goldens', 'vit', 'dinov2-p14', 'weights.pth')
const fast = ['--provider', 'cpu', '--threads', '1']
const perClass = 4
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-compare-'))
  for (const [place, name] of ['=warm', 'cold'].entries()) {
    await mkdir(join(folder, 'photos', name), { recursive: true })
    for (let index = 0; index < perClass; index++) {
      const random = randomStream(index, place)
      const blotches = Buffer.from(Array.from({ length: 48 }, (_, channel) => Math.floor(200 * random.uniform() + (channel % 3 === 2 * place ? 40 : 0))))
      await writeFile(join(folder, 'photos', name, `${index}.png`), await sharp(blotches, { raw: { width: 4, height: 4, channels: 3 } }).resize(90, 70, { fit: 'fill', kernel: 'cubic' }).png().toBuffer())
    }
  }
  await writeFile(join(folder, 'photos', 'broken.png'), 'not a picture')
})
afterAll(() => rm(folder, { recursive: true }))

const run = (...args: readonly string[]) => runCli(['compare', ...args, ...fast], join(folder, 'home'))
const photos = (): string => join(folder, 'photos')

describe('dinoscope compare', () => {
  it('tells how alike two models are, and writes the overlap of each picture, the most changed first', async () => {
    const out = join(folder, 'changed.csv')
    const result = await run(photos(), '--model', 'dinoscope-mini', '--with', golden, '--k', '3', '--out', out, '--json')
    const told = lastJson(result) as { readonly cka: number; readonly overlap: number; readonly changed: readonly { readonly filename: string; readonly overlap: number; readonly gap: number }[] }
    expect({ code: result.code, ...told }).toMatchObject({
      code: 0,
      a: { id: 'dinoscope-mini' },
      b: { name: 'dinov2-p14' },
      k: 3,
      pictures: 2 * perClass,
      accuracy: { classes: 2, pictures: 2 * perClass, largestClass: 0.5 },
      overlapByChance: 3 / 7,
      file: out,
      skipped: [{ relativePath: 'broken.png' }],
    })
    expect(told.cka).toBeGreaterThan(0)
    expect(told.cka).toBeLessThan(0.999)
    const [header, ...lines] = (await readFile(out, 'utf8')).trimEnd().split('\n')
    const overlaps = lines.map((line) => Number(line.split(',').at(-2)))
    expect([header, lines.length, overlaps.every((value, place) => place === 0 || value >= overlaps[place - 1]!)]).toEqual(['filename,overlap,gap', 2 * perClass, true])
    expect(overlaps.reduce((sum, value) => sum + value, 0) / overlaps.length).toBeCloseTo(told.overlap, 6)
    // Safe to open in a spreadsheet.
    expect(lines.filter((line) => line.startsWith("\"'=warm/")).length).toBe(perClass)
  })

  it('says in words that a model is itself, through a workspace too', async () => {
    const { code, stdout } = await run(photos(), '--model', golden, '--with', golden, '--workspace', join(folder, 'workspace'))
    expect([code, stdout]).toEqual([0, expect.stringContaining('The same model: the same weights, and vectors that differ by at most 0.0e+0\nlinear CKA: 1.000')])
    expect(stdout).toContain('neighbours kept: 100.0 % of the 3 nearest (by chance 42.9 %)')
    expect(stdout).toContain('8 pictures, 1 left out')
  })

  it.each([
    [[], "required option '--with <model>' not specified", 2],
    [['--with', golden, '--k', '0'], 'a whole number from 1 to 100 is needed', 2],
    [['--with', golden, '--out', 'x.json'], '--out must end in .csv', 2],
    [['--with', 'nonesuch'], 'nonesuch', 1],
  ] as const)('refuses %j', async (args, message, status) => {
    const { code, stderr } = await run(photos(), ...args)
    expect([code, stderr.includes(message)]).toEqual([status, true])
  })
})
