/** @file `dinoscope segment`, `heads`, `depth` and `inspect --head`, run for real on drawn pictures with known parts and depth. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeIndexedPng, decodeNpy, encodeGrey16Png } from '../../../src/engine/export'
import { writeSafetensors } from '../../../src/engine/weights'
import { noise } from '../../helpers/tensors'
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

    const out = join(folder, 'looked')
    const looked = await run('inspect', join(folder, 'photos', '0.png'), '--workspace', workspace, '--head', head.headId, '--size', String(edge), '--out', out, ...fast)
    expect([looked.code, (lastJson(looked) as { images: { files: string[] }[] }).images[0]?.files.filter((name) => name.startsWith('depth')).sort()]).toEqual([0, ['depth-overlay.png', 'depth.npy', 'depth.png']])
    const { shape, data: metres } = decodeNpy(await readFile(join(out, 'depth.npy')))
    const { data, info } = await sharp(await readFile(join(out, 'depth.png'))).toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true })
    const millimetres = new Uint16Array(Uint8Array.from(data).buffer)
    expect([shape, [info.height, info.width]]).toEqual([[edge, edge], [edge, edge]])
    expect(Math.max(...Array.from(millimetres, (value, pixel) => Math.abs(value / 1000 - Number(metres[pixel]))))).toBeLessThan(6e-4)
    // Near at the right, as its depth picture says.
    const [left, right] = [Number(metres[112 * edge + 20]), Number(metres[112 * edge + 200])]
    expect([left > 5, right < 4]).toEqual([true, true])
    const { head: told } = JSON.parse(await readFile(join(out, 'inspect.json'), 'utf8')) as { readonly head: Readonly<Record<string, unknown>> }
    expect(told).toMatchObject({ kind: 'depth', height: edge, width: edge, unitsPerMetre: 1000, minMetres: Math.min(...(metres as Float32Array)) })
    expect((await run('heads', 'remove', head.headId, '--json')).code).toBe(0)
    expect(lastJson(await run('heads', 'list', '--json'))).toMatchObject({ heads: [] })
  })

  it('inspects a picture by a head for classes, and takes no head of another model', async () => {
    const [classes, dim, patch] = [3, 192, 14]
    const weight = noise([classes, dim, 1, 1], 3)
    const path = join(folder, 'ti_linear_head.safetensors')
    const all = (value: number, length: number) => ({ dtype: 'float32', shape: [length], data: new Float32Array(length).fill(value) }) as const
    await writeSafetensors(path, [['conv_seg.weight', weight], ['conv_seg.bias', all(0, classes)], ['bn.weight', all(1, dim)], ['bn.bias', all(0, dim)], ['bn.running_mean', all(0, dim)], ['bn.running_var', all(1, dim)]])
    const out = join(folder, 'told classes')
    expect((await run('inspect', join(folder, 'photos', '0.png'), '--head', path, '--size', String(edge), '--out', out, ...fast)).code).toBe(0)
    const { shape, data: labels } = decodeNpy(await readFile(join(out, 'classes.npy')))
    expect(shape).toEqual([edge, edge])
    // In the middle of each patch it is the class whose row of weights fits the token best.
    const tokens = decodeNpy(await readFile(join(out, 'tokens.npy'))).data as Float32Array
    const columns = edge / patch
    const right = Array.from({ length: columns ** 2 }, (_, at) => {
      const logits = Array.from({ length: classes }, (_none, label) => weight.data.subarray(label * dim, (label + 1) * dim).reduce((sum, value, index) => sum + value * tokens[(1 + at) * dim + index]!, 0))
      return Number(labels[(Math.floor(at / columns) * patch + 7) * edge + (at % columns) * patch + 7]) === logits.indexOf(Math.max(...logits))
    }).filter(Boolean).length
    expect(right / columns ** 2).toBeGreaterThan(0.95)
    const { head: told } = JSON.parse(await readFile(join(out, 'inspect.json'), 'utf8')) as { readonly head: { readonly classes: readonly { readonly share: number }[] } }
    expect(told.classes.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6)
    const picture = await decodeIndexedPng(await readFile(join(out, 'classes.png')))
    expect([picture.width, picture.height, picture.labels.every((label, pixel) => label === labels[pixel])]).toEqual([edge, edge, true])
    expect(await readdir(out)).toContain('classes-overlay.png')

    const golden = join(import.meta.dirname, '..', '..', 'fixtures', 'goldens', 'depth', 'linear4', 'head.pth')
    const other = await run('inspect', join(folder, 'photos', '0.png'), '--head', golden, '--max-depth', '10', '--out', join(folder, 'nothing'), ...fast)
    expect([other.code, lastJson(other)['error'], await readdir(join(folder, 'nothing'))]).toEqual([1, expect.objectContaining({ code: 'BAD_REQUEST', message: expect.stringContaining('was made for tokens of 256 or 64 numbers') as string }), []])
  })

  it('says what it could not read as a head', async () => {
    const { code, stderr } = await run('heads', 'import', join(folder, 'photos', 'broken.png'), '--json')
    expect([code, stderr.includes('broken.png')]).toEqual([1, true])
  })
})
