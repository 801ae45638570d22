/** @file `dinoscope dedupe` and `dinoscope curate`, run for real. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomStream } from '../../src/engine/tensor'
import { lastJson, runCli } from './run-cli'

const fast = ['--provider', 'cpu', '--threads', '1']
let folder: string
let home: string
const inFolder = (...path: string[]): string => join(folder, ...path)
const photo = (...path: string[]): string => inFolder('photos', ...path)

/** A picture of soft blotches that no other seed gives. */
async function drawPicture(seed: number): Promise<Buffer> {
  const random = randomStream(seed)
  const blotches = Buffer.from(Array.from({ length: 8 * 8 * 3 }, () => Math.floor(random.uniform() * 256)))
  return sharp(blotches, { raw: { width: 8, height: 8, channels: 3 } }).resize(240, 160, { fit: 'fill', kernel: 'cubic' }).png().toBuffer()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-structure-'))
  home = inFolder('home')
  await mkdir(photo('old'), { recursive: true })
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await writeFile(photo(`${name}.png`), await drawPicture(name.charCodeAt(0)))
  await cp(photo('a.png'), photo('old', 'a copy.png'))
  await writeFile(photo('old', 'b small.jpg'), await sharp(await readFile(photo('b.png'))).resize(180).jpeg({ quality: 80 }).toBuffer())
  await writeFile(photo('=c.webp'), await sharp(await readFile(photo('c.png'))).webp({ quality: 80 }).toBuffer())
  await writeFile(photo('broken.jpg'), 'not a picture')
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

interface Group {
  readonly grade: string
  readonly keep: string
  readonly others: readonly string[]
}
const groupsOf = (result: Record<string, unknown>): string[] => (result['groups'] as readonly Group[]).map(({ grade, keep, others }) => `${grade}: ${keep} | ${others.join(' | ')}`).sort()

describe('dinoscope dedupe', () => {
  it('tells the same bytes without decoding anything', async () => {
    const result = await runCli(['dedupe', photo(), '--grade', 'same', '--json', ...fast], home)
    expect({ code: result.code, groups: groupsOf(lastJson(result)), skipped: lastJson(result)['skipped'] }).toEqual({ code: 0, groups: ['same: a.png | old/a copy.png'], skipped: [] })
  })

  it('tells pictures encoded again by their looks, keeps the largest, and writes a table that is safe to open', async () => {
    const result = await runCli(['dedupe', photo(), '--out', inFolder('groups.csv'), '--json', ...fast], home)
    expect({ code: result.code, groups: groupsOf(lastJson(result)), skipped: lastJson(result)['skipped'] }).toMatchObject({
      code: 0,
      groups: ['encoded: b.png | old/b small.jpg', 'encoded: c.png | =c.webp', 'same: a.png | old/a copy.png'],
      skipped: [{ relativePath: 'broken.jpg' }],
    })
    const lines = (await readFile(inFolder('groups.csv'), 'utf8')).trimEnd().split('\n')
    expect([lines[0], lines.length, lines.filter((line) => line.includes("\"'=c.webp\"")).length]).toEqual(['group,keep,filename,grade,similarity', 7, 1])
  })

  it('keeps what lies in the preferred folder, and prints groups for people', async () => {
    const { code, stdout } = await runCli(['dedupe', photo(), '--prefer', 'old', ...fast], home)
    expect([code, stdout.includes('  keep  old/a copy.png\n        a.png'), stdout.includes('  keep  old/b small.jpg'), stdout.trimEnd().split('\n').at(-1)]).toEqual([0, true, true, '10 pictures, 3 groups, 3 more than one of each, 1 left out'])
  })

  it('compares vectors too, through the index of a workspace, with the same result from it a second time', async () => {
    const run = () => runCli(['dedupe', photo(), '--grade', 'similar', '--threshold', '0.9999', '--workspace', inFolder('workspace'), '--json', ...fast], home)
    const [first, second] = [await run(), await run()]
    expect(groupsOf(lastJson(first))).toEqual(expect.arrayContaining(['same: a.png | old/a copy.png']))
    expect(lastJson(second)).toEqual(lastJson(first))
    expect(first.stderr.includes('Embedding') && !second.stderr.includes('Embedding images 8')).toBe(true)
  })
})

describe('dinoscope curate', () => {
  it('writes the list of what it keeps and copies it, the same each time', async () => {
    const run = (...more: string[]) => runCli(['curate', photo(), '--target', '3', '--clusters', '2', '--duplicates', '0.99999', '--json', ...fast, ...more], home)
    const [first, second] = [await run('--out', inFolder('list.txt'), '--copy-to', inFolder('kept')), await run('--out', inFolder('list.csv'), '--workspace', inFolder('workspace'))]
    const names = (await readFile(inFolder('list.txt'), 'utf8')).trimEnd().split('\n')
    const table = (await readFile(inFolder('list.csv'), 'utf8')).trimEnd().split('\n')
    expect(lastJson(first)).toMatchObject({ pictures: 9, kept: 3, copied: 3, file: inFolder('list.txt') })
    expect(names.length).toBe(3)
    expect((await readdir(inFolder('kept'), { recursive: true })).filter((name) => /\.\w+$/.test(name)).sort()).toEqual([...names].sort())
    expect([table[0], table.length, lastJson(second)['kept']]).toEqual(['filename,image_hash', 4, 3])
    expect(table[1]).toMatch(/^.+,[0-9a-f]{64}$/)
  })

  it.each([
    [['curate', '.', '--out', 'x.txt'], "required option '--target <n>' not specified"],
    [['curate', '.', '--target', '3', '--out', 'x.json'], '--out must end in .txt or .csv'],
    [['curate', '.', '--target', '3', '--out', 'x.txt', '--duplicates', '2'], 'a number from 0 to 1 is needed'],
    [['dedupe', '.', '--out', 'x.txt'], '--out must end in .csv'],
    [['dedupe', '.', '--grade', 'alike'], 'Allowed choices are same, encoded, similar'],
  ])('of %j is a usage error', async (args, message) => {
    const result = await runCli(args, home)
    expect({ code: result.code, told: result.stderr.includes(message) }).toEqual({ code: 2, told: true })
  })
})
