/** @file `dinoscope eval`, run for real on drawn pictures of two classes. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lastJson, runCli } from '../run-cli'

const fast = ['--provider', 'cpu', '--threads', '1']
let folder: string

/** A 32 px picture of one colour with a little of another. */
async function picture(colour: readonly [number, number, number], shade: number): Promise<Buffer> {
  const rgb = Buffer.alloc(32 * 32 * 3)
  for (let pixel = 0; pixel < 32 * 32; pixel++) rgb.set(colour.map((value) => (pixel < 40 * shade ? 128 : value)), pixel * 3)
  return sharp(rgb, { raw: { width: 32, height: 32, channels: 3 } }).png().toBuffer()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-eval-'))
  const classes = { red: [220, 30, 30], blue: [20, 40, 210] } as const
  for (const [name, colour] of Object.entries(classes)) {
    for (const [side, count] of [['train', 4], ['test', 2]] as const) {
      await mkdir(join(folder, side, name), { recursive: true })
      for (let index = 0; index < count; index++) await writeFile(join(folder, side, name, `${index}.png`), await picture(colour, index + (side === 'test' ? 0.5 : 0)))
    }
  }
  await writeFile(join(folder, 'test', 'red', 'broken.png'), 'not a picture')
  await writeFile(join(folder, 'test', 'loose.png'), await picture([1, 2, 3], 0))
})
afterAll(() => rm(folder, { recursive: true }))

const evaluateBy = (protocol: string, ...args: readonly string[]) => runCli(['eval', protocol, ...args, '--json', ...fast], join(folder, 'workspace'))
const evaluate = (...args: readonly string[]) => evaluateBy('knn', join(folder, 'train'), join(folder, 'test'), ...args)
const everyClassRight = [{ name: 'blue', queries: 2, correct: 2 }, { name: 'red', queries: 2, correct: 2 }]

describe('dinoscope eval knn', () => {
  it.each([
    ['by the model, at their own small size', ['--size', '32', '--k', '3,1'], { features: 'cls', size: 32, scores: [{ k: 3, accuracy: 1, correct: 4 }, { k: 1, accuracy: 1, correct: 4 }], references: 8 }],
    ['by raw pixels, with fewer pictures of each class', ['--features', 'pixels', '--limit', '3'], { features: 'pixels', size: 32, scores: [{ k: 20, accuracy: 1, correct: 4 }], references: 6 }],
  ])('tells drawn classes apart %s, and names what it left out', async (_how, args, expected) => {
    const result = await evaluate(...args)
    expect(result.code).toBe(0)
    expect(lastJson(result)).toMatchObject({ ...expected, accuracy: 1, classes: ['blue', 'red'], queries: 4, overlap: 0, withoutReference: 0, perClass: everyClassRight, confusion: [[2, 0], [0, 2]], unclassed: 1, skipped: [{ relativePath: 'red/broken.png' }] })
    expect(result.stderr).toContain('red/broken.png: IMG_')
  })

  it('says what a folder without classes lacks', async () => {
    const result = await runCli(['eval', 'knn', join(folder, 'train', 'red'), join(folder, 'test'), '--features', 'pixels', ...fast], join(folder, 'workspace'))
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 1, stderr: expect.stringContaining('no picture lies in a class folder; put the pictures of each class into a folder of its own') })
  })

  it('refuses a k that is no number', async () => {
    expect((await evaluate('--k', '20,x')).code).toBe(2)
  })
})

describe('dinoscope eval linear', () => {
  it.each([
    ['by the model, CLS and mean together', ['--size', '32', '--pool', 'cls+mean'], { features: 'cls+mean', size: 32, references: 8 }],
    ['by raw pixels, with fewer pictures of each class', ['--features', 'pixels', '--limit', '3'], { features: 'pixels', references: 6 }],
  ])('tells drawn classes apart %s, and how it chose its ridge', async (_how, args, expected) => {
    const result = await evaluateBy('linear', join(folder, 'train'), join(folder, 'test'), ...args)
    expect(result.code).toBe(0)
    const told = lastJson(result) as { readonly C: number; readonly compared: readonly { readonly C: number }[]; readonly top5?: number }
    expect(told).toMatchObject({ ...expected, accuracy: 1, correct: 4, queries: 4, overlap: 0, withoutReference: 0, classes: ['blue', 'red'], perClass: everyClassRight, confusion: [[2, 0], [0, 2]], unclassed: 1, skipped: [{ relativePath: 'red/broken.png' }] })
    expect(told.compared.map(({ C }) => C)).toContain(told.C)
    expect(told.top5).toBeUndefined()
  })

  it('does not learn from what it tests', async () => {
    const result = await runCli(['eval', 'linear', join(folder, 'train'), join(folder, 'train'), '--features', 'pixels', ...fast], join(folder, 'workspace'))
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 1, stderr: expect.stringContaining('all 8 pictures to learn from are also tested') as string })
  })
})

describe('dinoscope eval retrieval', () => {
  it('ranks each picture of a folder among all the others', async () => {
    const result = await evaluateBy('retrieval', join(folder, 'train'), '--size', '32', '--pool', 'mean')
    expect(result.code).toBe(0)
    expect(lastJson(result)).toMatchObject({ features: 'mean', references: 8, queries: 8, overlap: 8, withoutRelevant: 0, precision: 1, trapezoid: 1, precisionAtR: 1, recall: [{ k: 1, share: 1 }, { k: 5, share: 1 }, { k: 10, share: 1 }], perClass: [{ name: 'blue', queries: 4, precision: 1 }, { name: 'red', queries: 4, precision: 1 }] })
  })

  it('searches by the pictures of another folder, and says so in words', async () => {
    const result = await runCli(['eval', 'retrieval', join(folder, 'train'), join(folder, 'test'), '--features', 'pixels', ...fast], join(folder, 'workspace'))
    expect(result.code).toBe(0)
    expect(result.stdout).toContain('mAP: 100.00 % ± 15.31 (4 queries, each among 8 pictures)')
  })
})
