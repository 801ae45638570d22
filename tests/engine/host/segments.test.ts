/** @file Segments of the real engine over pictures with known regions: found, the same for a seed, changed, there after a restart, written. */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { patchVectorDim, patchVectors } from '../../../src/engine/collection'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type Segmentation, type SegmentChange, type SegmentExportRequest } from '../../../src/engine/contract'
import { decodeIndexedPng } from '../../../src/engine/export'
import { createEngine, type Engine } from '../../../src/engine/host'
import { openStore } from '../../../src/engine/library'
import { memoryPair } from '../../../src/engine/link'
import { thrownBy } from '../../helpers/thrown'
import { addUntrainedModel } from '../../helpers/untrained-model'

const modelId = 'untrained-demo'
const pictures = 10
/** As large as what the model sees; blocks lie on whole patches of 14. */
const [edge, grid] = [256, 16]

let folder: string
let engine: Engine
let client: Client<EngineContract>
let libraryId: string

/** Left edge of the warm block of picture `index`, in patches of what the model sees. */
const blockAt = (index: number): number => 2 + (index % 6)

async function picture(index: number): Promise<Buffer> {
  const [left, top, size] = [16 + 14 * blockAt(index), 16 + 56, 84]
  const rgb = Buffer.alloc(3 * edge * edge)
  for (let y = 0; y < edge; y++)
    for (let x = 0; x < edge; x++) {
      const isInside = x >= left && x < left + size && y >= top && y < top + size
      rgb.set(isInside ? [220, 90, 40 + (index % 4)] : [30, 70, 140], 3 * (y * edge + x))
    }
  return sharp(rgb, { raw: { width: edge, height: edge, channels: 3 } }).png().toBuffer()
}
/** Whether a patch lies in the block. */
const isBlock = (index: number, patch: number): boolean => {
  const [x, y] = [patch % grid, Math.floor(patch / grid)]
  return x >= blockAt(index) && x < blockAt(index) + 6 && y >= 4 && y < 10
}

async function start(): Promise<void> {
  engine = await createEngine({ version: '1.2.3', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
  libraryId = (await client['library.open']({ path: join(folder, 'photos') }, () => undefined).result).libraryId
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'segments-'))
  await mkdir(join(folder, 'photos'))
  for (let index = 0; index < pictures; index++) await writeFile(join(folder, 'photos', `${String(index).padStart(2, '0')}.png`), await picture(index))
  await addUntrainedModel(join(folder, 'resources'))
  await mkdir(join(folder, 'resources', 'samples'))
  await start()
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const find = (segments: number | 'auto', seed = 1) => client['segments.find']({ libraryId, rows: undefined, modelId, segments, restarts: 2, seed }, () => undefined).result
const labelsOf = async (segmentationId: string, row: number) => (await client['segments.picture']({ libraryId, segmentationId, row })).labels
const byRow = (segmentationId: string) => Promise.all(Array.from({ length: pictures }, (_, row) => labelsOf(segmentationId, row)))

/** Tokens of all pictures as the store has them, at unit length, and whose they are. */
async function storedVectors(): Promise<{ readonly vectors: Float32Array; readonly dim: number; readonly rowAt: readonly { readonly row: number; readonly patch: number }[] }> {
  const store = await openStore(join(folder, 'workspace'), { mode: 'read' })
  const [key] = await store.models()
  const table = await store.patches(key!)
  const basis = (await table.basis())!
  const rowOf = new Map<string, number>()
  for (let row = 0; row < pictures; row++) rowOf.set(createHash('sha256').update(await picture(row)).digest('hex'), row)
  const [parts, rowAt]: [Float32Array[], { row: number; patch: number }[]] = [[], []]
  for await (const batch of table.scan(await table.hashes(), new AbortController().signal))
    for (const one of batch) {
      parts.push(patchVectors(basis, [one]))
      for (let patch = 0; patch < one.gridHeight * one.gridWidth; patch++) rowAt.push({ row: rowOf.get(one.hash)!, patch })
    }
  await store.close()
  const vectors = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    vectors.set(part, at)
    at += part.length
  }
  return { vectors, dim: patchVectorDim(basis), rowAt }
}

describe('segments', () => {
  let found: Segmentation

  it('need patch tokens', async () => {
    expect(await thrownBy(() => find(2))).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('embed it with patches first') as string })
    const embed = (rows: Uint32Array | undefined) => client['embed.run']({ libraryId, rows, modelId, patches: true }, () => undefined).result
    await embed(Uint32Array.from({ length: pictures - 1 }, (_, row) => row))
    const { info } = await find(2)
    expect(info).toMatchObject({ pictures: pictures - 1, leftOut: 1 })
    await client['segments.remove']({ segmentationId: info.segmentationId })
    await embed(undefined)
  })

  it('are the same thing in every picture', async () => {
    found = await find(2)
    const { info, segments, merges } = found
    expect({ pictures: info.pictures, leftOut: info.leftOut, segments: info.segments, names: segments.map(({ name }) => name), merges: merges.length, agreement: info.agreement > 0.95 }).toEqual({ pictures, leftOut: 0, segments: 2, names: ['Segment 1', 'Segment 2'], merges: 1, agreement: true })
    const block = segments[1]!.id
    const labels = await byRow(info.segmentationId)
    const right = labels.flatMap((of, index) => Array.from(of, (label, patch) => (label === block) === isBlock(index, patch)))
    expect(right.filter(Boolean).length / right.length).toBeGreaterThan(0.93)
    expect(segments[1]).toMatchObject({ pictures })
  })

  it('are the same for a seed, to the bit, and told how far another one agrees', async () => {
    const [first, second] = [await find(5, 3), await find(5, 3)]
    expect([await byRow(second.info.segmentationId), second.segments, second.info.agreement]).toEqual([await byRow(first.info.segmentationId), first.segments, first.info.agreement])
    await client['segments.remove']({ segmentationId: second.info.segmentationId })
    await client['segments.remove']({ segmentationId: first.info.segmentationId })
  })

  it('can be as many as explain something', async () => {
    const { info, tried } = await find('auto')
    expect({ chosen: tried.some(({ segments }) => segments === info.segments), rising: tried.every(({ explained }, index) => explained >= (tried[index - 1]?.explained ?? 0) - 0.01), explained: info.explained > 0.5 }).toEqual({ chosen: true, rising: true, explained: true })
    await client['segments.remove']({ segmentationId: info.segmentationId })
  })

  it('are measured in a picture and found in all that have them', async () => {
    const { segmentationId } = found.info
    const block = found.segments[1]!.id
    const measures = await client['segments.measures']({ libraryId, segmentationId, row: 3 })
    const labels = await labelsOf(segmentationId, 3)
    const own = measures.find(({ segment }) => segment === block)
    expect(own).toMatchObject({ patches: labels.filter((label) => label === block).length, components: 1 })
    // Six patches wide from the fifth one on, give or take the edge of a patch.
    expect([own!.centroid[0], own!.centroid[1]].map((value) => Math.round(value * 10) / 10)).toEqual([0.5, 0.4])
    const { rows, share } = await client['segments.pictures']({ libraryId, segmentationId, segment: block })
    expect({ rows: [...rows].sort((a, b) => a - b), falling: share.every((value, index) => value <= (share[index - 1] ?? 1)) }).toEqual({ rows: Array.from({ length: pictures }, (_, row) => row), falling: true })
  })

  it('can be renamed, recoloured, divided, merged and made coarser, and all of it taken back, across a restart', async () => {
    const { segmentationId } = found.info
    const change = (by: SegmentChange) => client['segments.change']({ libraryId, segmentationId, change: by })
    const ground = found.segments[0]!.id
    const block = found.segments[1]!.id
    await change({ kind: 'rename', segment: block, name: 'Ember' })
    await change({ kind: 'recolour', segment: block, colour: [250, 100, 0] })
    const divided = await change({ kind: 'split', segment: ground, into: 2 })
    expect(divided.segments.map(({ name }) => name).sort()).toEqual(['Ember', 'Segment 1 (1)', 'Segment 1 (2)'])
    expect(divided.segments.reduce((sum, { patches }) => sum + patches, 0)).toBe(pictures * grid * grid)
    await engine.dispose()
    await start()
    expect(await client['segments.load']({ libraryId, segmentationId })).toEqual(divided)
    const coarse = await change({ kind: 'coarsen', segments: 2 })
    expect(coarse.segments.length).toBe(2)
    await change({ kind: 'undo' })
    expect(await client['segments.load']({ libraryId, segmentationId })).toEqual(divided)
    const merged = await change({ kind: 'merge', segments: divided.segments.filter(({ name }) => name !== 'Ember').map(({ id }) => id) })
    expect(merged.segments.map(({ patches }) => patches)).toEqual(found.segments.map(({ patches }) => patches))
    for (let step = 0; step < 4; step++) await change({ kind: 'undo' })
    const { canUndo, ...rest } = await client['segments.load']({ libraryId, segmentationId })
    expect({ canUndo, segments: rest.segments }).toEqual({ canUndo: false, segments: found.segments })
    expect(await thrownBy(() => change({ kind: 'undo' }))).toMatchObject({ code: 'BAD_REQUEST' })
    expect(await thrownBy(() => change({ kind: 'rename', segment: 99, name: 'x' }))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('can be divided in more than two, which say together what one said', async () => {
    const { segmentationId } = found.info
    const [ground, block] = found.segments.map(({ id }) => id)
    const before = await byRow(segmentationId)
    const divided = await client['segments.change']({ libraryId, segmentationId, change: { kind: 'split', segment: ground!, into: 4 } })
    expect(divided.segments.map(({ name }) => name).filter((name) => name.startsWith('Segment 1 ')).sort()).toEqual(['Segment 1 (1)', 'Segment 1 (2)', 'Segment 1 (3)', 'Segment 1 (4)'])
    expect(divided.segments.find(({ id }) => id === block)).toEqual(found.segments[1])
    const after = await byRow(segmentationId)
    expect(after.map((labels) => [...labels].map((label) => label === block))).toEqual(before.map((labels) => [...labels].map((label) => label === block)))
    expect(new Set(after.flatMap((labels) => [...labels])).size).toBe(5)
    await client['segments.change']({ libraryId, segmentationId, change: { kind: 'undo' } })
  })

  it('have typical patches: of each picture the one nearest to the mean of all, the nearest picture first', async () => {
    const { segmentationId } = found.info
    const block = found.segments[1]!.id
    const typical = await client['segments.typical']({ libraryId, segmentationId, segment: block, top: 100 })
    // By the definition, from the tokens as they are stored.
    const labels = await byRow(segmentationId)
    const { vectors, rowAt, dim } = await storedVectors()
    const members = [...rowAt.keys()].filter((index) => labels[rowAt[index]!.row]![rowAt[index]!.patch] === block)
    const mean = Float64Array.from({ length: dim }, (_, column) => members.reduce((sum, index) => sum + vectors[index * dim + column]!, 0))
    const length = Math.hypot(...mean)
    const cosineOf = (index: number): number => mean.reduce((sum, value, column) => sum + (value * vectors[index * dim + column]!) / length, 0)
    const best = Array.from({ length: pictures }, (_, row) => Math.max(...members.filter((index) => rowAt[index]!.row === row).map(cosineOf)))
    expect(typical.map(({ row }) => row).sort((a, b) => a - b)).toEqual([...best.keys()])
    for (const { row, patch, cosine, gridHeight, gridWidth } of typical) {
      expect([gridHeight, gridWidth, labels[row]![patch]]).toEqual([grid, grid, block])
      expect(cosine).toBeCloseTo(best[row]!, 3)
    }
    expect(typical.every(({ cosine }, index) => cosine <= (typical[index - 1]?.cosine ?? 1 + 1e-6))).toBe(true)
    expect((await client['segments.typical']({ libraryId, segmentationId, segment: block, top: 3 })).map(({ row }) => row)).toEqual(typical.slice(0, 3).map(({ row }) => row))
    expect(await thrownBy(() => client['segments.typical']({ libraryId, segmentationId, segment: 77, top: 3 }))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('lie on the points of a map of patches', async () => {
    const { segmentationId } = found.info
    const map = await client['map.project']({ libraryId, modelId, pooling: 'cls', rows: undefined, subject: 'patches', method: 'pca', dims: 2, neighbours: 5, minDist: 0, seed: 1 }, () => undefined).result
    const { labels } = await client['segments.map']({ libraryId, mapId: map.info.mapId, segmentationId })
    const all = await byRow(segmentationId)
    expect([...labels]).toEqual(Array.from(map.rows, (row, point) => all[row]![map.patches![point]!]!))
  })

  it('are shown by pixel: as blocks, or at the edges of the picture', async () => {
    const { segmentationId } = found.info
    const block = found.segments[1]!.id
    const [raw, guided] = await Promise.all((['raw', 'guided'] as const).map((edges) => client['segments.pixels']({ libraryId, segmentationId, row: 0, edges, maxEdge: 224 })))
    const wrong = ({ labels, width }: typeof raw extends infer T ? NonNullable<T> : never): number =>
      labels.reduce((sum, label, index) => {
        const [x, y] = [index % width, Math.floor(index / width)]
        const isInside = x >= 14 * blockAt(0) && x < 14 * blockAt(0) + 84 && y >= 56 && y < 140
        return sum + Number((label === block) !== isInside)
      }, 0) / labels.length
    expect([raw!.height, raw!.width, guided!.labels.length, wrong(guided!) <= wrong(raw!), wrong(guided!) < 0.04]).toEqual([224, 224, 224 * 224, true, true])
  })

  const write = async (what: SegmentExportRequest['what'], rows?: Uint32Array) => {
    const { exportId, files, images, skipped } = await client['segments.export']({ libraryId, segmentationId: found.info.segmentationId, rows, what, edges: 'raw', raw: false }, () => undefined).result
    const parts = await Promise.all(files.map(async ({ name }) => [name, Buffer.from((await client['embed.file']({ exportId, name, offset: 0 })).bytes)] as const))
    return { images, skipped, files: new Map(parts) }
  }

  it('are written as label pictures whose colours are theirs', async () => {
    const { files, images } = await write('masks', Uint32Array.of(1, 2))
    expect([images, [...files.keys()]]).toEqual([2, ['01.png.png', '02.png.png', 'segments.json']])
    const { labels } = await decodeIndexedPng(files.get('01.png.png')!)
    const legend = JSON.parse(files.get('segments.json')!.toString()) as { segments: { value: number; segment: number; colour: number[] }[] }
    const byPatch = await labelsOf(found.info.segmentationId, 1)
    const segmentOf = new Map(legend.segments.map(({ value, segment }) => [value, segment]))
    expect(segmentOf.get(labels[7 + 224 * 7]!)).toBe(byPatch[0])
    // Another decoder sees the colours.
    const { data } = await sharp(files.get('01.png.png')).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    expect([...data.subarray(0, 3)]).toEqual(legend.segments.find(({ segment }) => segment === byPatch[0])?.colour)
  })

  it('are written as COCO and as a table', async () => {
    const coco = JSON.parse((await write('coco')).files.get('segments.coco.json')!.toString()) as { images: unknown[]; annotations: { area: number }[]; categories: { name: string }[] }
    expect({ images: coco.images.length, categories: coco.categories.map(({ name }) => name), area: coco.annotations.reduce((sum, { area }) => sum + area, 0) }).toEqual({ images: pictures, categories: ['Segment 1', 'Segment 2'], area: pictures * 224 * 224 })
    const table = (await write('csv')).files.get('segments.csv')!.toString().trim().split('\n')
    expect([table[0], table.length]).toEqual(['filename,segment,name,patches,share,pieces,centre_x,centre_y', 1 + 2 * pictures])
  })

  it('that are damaged on the disk are moved aside', async () => {
    const { segmentationId } = found.info
    const place = join(folder, 'workspace', 'segmentations', segmentationId)
    const labels = (await readdir(place)).find((name) => name.startsWith('labels-'))!
    await engine.dispose()
    await writeFile(join(place, labels), 'nothing')
    await start()
    expect(await client['segments.list']({ libraryId })).toEqual([])
    expect((await readdir(join(folder, 'workspace', 'segmentations'))).some((name) => name.startsWith(`${segmentationId}.corrupt-`))).toBe(true)
  })
})
