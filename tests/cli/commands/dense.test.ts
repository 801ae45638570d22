/** @file `dinoscope segment`, `heads` and `depth`, run for real on drawn pictures with known parts and depth. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeGrey16Png } from '../../../src/engine/export'
import { lastJson, runCli } from '../run-cli'

const fast = ['--provider', 'cpu', '--threads', '1', '--json']
const pictures = 8
const edge = 224
let folder: string
let workspace: string

/** Bright and near at the right of this column. */
const borderOf = (index: number): number => 56 + 14 * (index % 6)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-dense-'))
  workspace = join(folder, 'workspace')
  for (const name of ['photos', 'depth']) await mkdir(join(folder, name))
  for (let index = 0; index < pictures; index++) {
    const isNear = (pixel: number): boolean => pixel % edge >= borderOf(index)
    const grey = Uint8Array.from({ length: edge * edge }, (_, pixel) => (isNear(pixel) ? 210 : 40) + index)
    await writeFile(join(folder, 'photos', `${index}.png`), await sharp(grey, { raw: { width: edge, height: edge, channels: 1 } }).png().toBuffer())
    await writeFile(join(folder, 'depth', `${index}.png`), await encodeGrey16Png(Uint16Array.from({ length: edge * edge }, (_, pixel) => (isNear(pixel) ? 1500 : 8000)), edge, edge))
  }
  await writeFile(join(folder, 'photos', 'broken.png'), 'not a picture')
})
afterAll(() => rm(folder, { recursive: true }))

const run = (...args: readonly string[]) => runCli(args, workspace)

describe('dinoscope segment', () => {
  it('writes what the pictures are made of, twice the same, and names what it left out', async () => {
    const [first, second] = [join(folder, 'first'), join(folder, 'second')]
    const result = await run('segment', join(folder, 'photos'), '--k', '2', '--what', 'masks,coco,csv', '--out', first, ...fast)
    expect(lastJson(result)).toMatchObject({ segments: [{ pictures }, { pictures }], skipped: [{ relativePath: 'broken.png' }] })
    expect((await run('segment', join(folder, 'photos'), '--k', '2', '--what', 'csv,coco', '--out', second, ...fast)).code).toBe(0)
    for (const name of ['segments.csv', 'segments.coco.json']) expect(await readFile(join(first, name), 'utf8'), name).toBe(await readFile(join(second, name), 'utf8'))
    const { images, annotations } = JSON.parse(await readFile(join(first, 'segments.coco.json'), 'utf8')) as { readonly images: unknown[]; readonly annotations: unknown[] }
    expect([images.length, annotations.length >= 2 * pictures]).toEqual([pictures, true])
    expect((await readdir(first)).some((name) => /masks\.zip$|\.png$/.test(name))).toBe(true)
  })
})

describe('dinoscope heads and depth', () => {
  it('trains a head, lists it, and measures other pictures with it', async () => {
    const trained = await run('heads', 'train', join(folder, 'photos'), '--targets', join(folder, 'depth'), '--out', join(folder, 'onnx'), ...fast)
    const { head } = lastJson(trained) as { readonly head: { readonly headId: string; readonly training: { readonly metrics: Readonly<Record<string, number>> } } }
    expect(head.training.metrics.explained).toBeGreaterThan(0.8)
    expect(await readdir(join(folder, 'onnx'))).toEqual([expect.stringMatching(/\.onnx$/) as string])
    expect(lastJson(await run('heads', 'list', '--json'))).toMatchObject({ heads: [{ headId: head.headId, kind: 'depth' }] })
    const measured = await run('depth', join(folder, 'photos'), '--workspace', workspace, '--head', head.headId, '--format', 'csv', '--out', join(folder, 'told'), ...fast)
    expect(lastJson(measured)).toMatchObject({ images: pictures })
    const [table] = (await readdir(join(folder, 'told'))).filter((name) => name.endsWith('.csv'))
    expect((await readFile(join(folder, 'told', table!), 'utf8')).trim().split('\n')).toHaveLength(pictures + 1)
    expect((await run('heads', 'remove', head.headId, '--json')).code).toBe(0)
    expect(lastJson(await run('heads', 'list', '--json'))).toMatchObject({ heads: [] })
  })

  it('says what it could not read as a head', async () => {
    const { code, stderr } = await run('heads', 'import', join(folder, 'photos', 'broken.png'), '--json')
    expect([code, stderr.includes('broken.png')]).toEqual([1, true])
  })
})
