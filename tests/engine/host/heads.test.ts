/** @file Depth and classes of the real engine: heads imported, seen over a picture, measured over a folder, written, refused. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type ImageEntry } from '../../../src/engine/contract'
import { decodeNpy } from '../../../src/engine/export'
import { createEngine, type Engine } from '../../../src/engine/host'
import { memoryPair } from '../../../src/engine/link'
import { writeSafetensors } from '../../../src/engine/weights'
import { drawQuarters } from '../../helpers/pictures'
import { maxDifference, noise } from '../../helpers/tensors'
import { thrownBy } from '../../helpers/thrown'
import { addUntrainedModel } from '../../helpers/untrained-model'

const root = join(import.meta.dirname, '..', '..', '..')
const golden = join(root, 'tests', 'fixtures', 'goldens', 'depth', 'linear4')

let folder: string
let engine: Engine
let client: Client<EngineContract>
let libraryId: string
let modelId: string
let headId: string
let images: readonly ImageEntry[]

async function start(): Promise<void> {
  engine = await createEngine({ version: '1.2.3', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
  const found: ImageEntry[] = []
  libraryId = (await client['library.open']({ path: join(folder, 'photos') }, (event) => {
    if (event.kind === 'found') found.push(...event.images)
  }).result).libraryId
  images = found
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heads-'))
  await mkdir(join(folder, 'photos', 'below'), { recursive: true })
  await writeFile(join(folder, 'photos', 'a.png'), await drawQuarters(120, 90).png().toBuffer())
  await writeFile(join(folder, 'photos', 'below', 'b.png'), await drawQuarters(90, 120).rotate(90).png().toBuffer())
  await writeFile(join(folder, 'photos', 'dot.png'), await sharp({ create: { width: 1, height: 1, channels: 3, background: '#345' } }).png().toBuffer())
  await addUntrainedModel(join(folder, 'resources'))
  await mkdir(join(folder, 'resources', 'samples'))
  await start()
  modelId = (await client['models.import']({ path: join(golden, 'backbone.pth'), name: 'Tiny' }, () => undefined).result).id
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const look = (name: string, model = modelId) => client['view.analyse']({ imageId: images.find(({ relativePath }) => relativePath === name)!.id, modelId: model, size: 56 }).result
const bytesOf = async (exportId: string, name: string) => Buffer.from((await client['embed.file']({ exportId, name, offset: 0 })).bytes)

describe('heads', () => {
  it('ask for their range where the file does not say it, and are kept', async () => {
    const add = (maxDepth: number | undefined) => client['heads.import']({ path: join(golden, 'head.pth'), name: 'Rooms', maxDepth }, () => undefined).result
    expect(await thrownBy(() => add(undefined))).toMatchObject({ code: 'BAD_REQUEST', detail: { field: 'maxDepth' } })
    const info = await add(10)
    headId = info.headId
    expect(info).toMatchObject({ name: 'Rooms', kind: 'depth', architecture: 'linear', maxDepth: 10, note: 'Depths up to 10 m, as you said.' })
    await engine.dispose()
    await start()
    expect(await client['heads.list'](undefined)).toEqual([info])
  })

  it('tell the depth of a picture in metres, between their bounds', async () => {
    const { analysisId, inputHeight, inputWidth } = await look('a.png')
    const { height, width, metres, min, max } = await client['view.depth']({ analysisId, headId }).result
    expect([height, width, metres.length]).toEqual([inputHeight, inputWidth, inputHeight * inputWidth])
    expect(min >= 0.001 && max <= 10 && max > min).toBe(true)
    // The same picture, the same depth.
    expect((await client['view.depth']({ analysisId, headId }).result).metres).toEqual(metres)
  })

  it('of another width say whose tokens they want', async () => {
    const { analysisId } = await look('a.png', 'untrained-demo')
    expect(await thrownBy(() => client['view.depth']({ analysisId, headId }).result)).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringMatching(/was made for tokens of 256 or 64 numbers; those of this model have \d+/) as string })
    expect(await thrownBy(() => client['view.classes']({ analysisId, headId }).result)).toMatchObject({ code: 'BAD_REQUEST' })
  })

  it('tell classes by the largest of their numbers', async () => {
    const [classes, dim] = [3, 64]
    const path = join(folder, 'voc2012_linear_head.safetensors')
    const weight = noise([classes, dim, 1, 1], 1)
    const ones = (value: number) => ({ dtype: 'float32', shape: [dim], data: new Float32Array(dim).fill(value) }) as const
    await writeSafetensors(path, [['decode_head.conv_seg.weight', weight], ['decode_head.conv_seg.bias', noise([classes], 2)], ['decode_head.bn.weight', ones(1)], ['decode_head.bn.bias', ones(0)], ['decode_head.bn.running_mean', ones(0)], ['decode_head.bn.running_var', ones(1)]])
    const info = await client['heads.import']({ path, name: undefined, maxDepth: undefined }, () => undefined).result
    expect(info).toMatchObject({ kind: 'classes', dim, classes: [{ name: 'Class 1' }, { name: 'Class 2' }, { name: 'Class 3' }] })
    const { analysisId, inputHeight, inputWidth } = await look('a.png')
    const { labels, height, width } = await client['view.classes']({ analysisId, headId: info.headId }).result
    expect([height, width, labels.every((label) => label < classes)]).toEqual([inputHeight, inputWidth, true])
    await client['heads.remove']({ headId: info.headId })
  })

  it('measure a folder, once, and what is gone on with is kept over a restart', async () => {
    const request = { libraryId, rows: undefined, modelId, headId }
    const events: number[] = []
    const first = await client['depth.run'](request, (event) => { if (event.kind === 'progress') events.push(event.total) }).result
    expect([...first.median].every((value, row) => value >= first.near[row]! && value <= first.far[row]!)).toBe(true)
    await engine.dispose()
    await start()
    expect(await client['depth.numbers']({ libraryId, modelId, headId })).toEqual(first)
    const again: number[] = []
    await client['depth.run']({ ...request, libraryId }, (event) => { if (event.kind === 'progress') again.push(event.total) }).result
    expect([events[0], again[0]]).toEqual([3, 0])
  })

  it('tell the depth of each patch of a cloud, from the pixels it stands for, and once', async () => {
    await client['embed.run']({ libraryId, rows: undefined, modelId, patches: true }, () => undefined).result
    const cloud = await client['map.project']({ libraryId, modelId, rows: undefined, pooling: 'cls', subject: 'patches', method: 'pca', dims: 2, neighbours: 15, minDist: 0.1, seed: 1 }, () => undefined).result
    const request = { libraryId, mapId: cloud.info.mapId, headId }
    const totals: number[] = []
    const { metres } = await client['depth.map'](request, (event) => { if (event.kind === 'progress') totals.push(event.total) }).result
    expect([metres.length, totals[0]]).toEqual([cloud.rows.length, 3])

    // The same told by the picture alone, patch by patch.
    const { patchSize } = (await client['models.list'](undefined)).find(({ id }) => id === modelId)!
    let largest = 0
    for (const [row, { id }] of images.entries()) {
      const { analysisId, gridWidth } = await client['view.analyse']({ imageId: id, modelId, size: 'evaluation' }).result
      const { metres: pixels, width } = await client['view.depth']({ analysisId, headId }).result
      for (const [point, of] of cloud.rows.entries()) {
        if (of !== row) continue
        const patch = cloud.patches![point]!
        let sum = 0
        for (let y = 0; y < patchSize; y++) for (let x = 0; x < patchSize; x++) sum += pixels[(Math.floor(patch / gridWidth) * patchSize + y) * width + (patch % gridWidth) * patchSize + x]!
        largest = Math.max(largest, Math.abs(metres[point]! - sum / patchSize ** 2))
      }
    }
    expect(largest).toBeLessThan(1e-5)
    expect(new Set(metres).size).toBeGreaterThan(10)

    await engine.dispose()
    await start()
    const again: number[] = []
    expect((await client['depth.map']({ ...request, libraryId }, (event) => { if (event.kind === 'progress') again.push(event.total) }).result).metres).toEqual(metres)
    expect(again[0]).toBe(0)
  })

  it('have no depth of a map of pictures, and none for a model of other tokens', async () => {
    const project = (subject: 'images' | 'patches', model: string) => client['map.project']({ libraryId, modelId: model, rows: undefined, pooling: 'cls', subject, method: 'pca', dims: 2, neighbours: 15, minDist: 0.1, seed: 1 }, () => undefined).result
    const ofPictures = await project('images', modelId)
    expect(await thrownBy(() => client['depth.map']({ libraryId, mapId: ofPictures.info.mapId, headId }).result)).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('map of pictures') as string })
    await client['embed.run']({ libraryId, rows: undefined, modelId: 'untrained-demo', patches: true }, () => undefined).result
    const ofOthers = await project('patches', 'untrained-demo')
    expect(await thrownBy(() => client['depth.map']({ libraryId, mapId: ofOthers.info.mapId, headId }).result)).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('was made for tokens of') as string })
    expect(await thrownBy(() => client['depth.map']({ libraryId, mapId: ofOthers.info.mapId, headId: 'nobody' }).result)).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('write maps of 16 bits and of floats, and a table', async () => {
    const write = async (format: 'png' | 'npy' | 'csv', rows: Uint32Array | undefined) => client['depth.export']({ libraryId, rows, modelId, headId, format }, () => undefined).result
    const row = images.findIndex(({ relativePath }) => relativePath === 'a.png')
    const [png, npy] = [await write('png', Uint32Array.of(row)), await write('npy', Uint32Array.of(row))]
    expect(png.files.map(({ name }) => name)).toEqual(['a.png.png', 'depth.json'])
    const { data, info } = await sharp(await bytesOf(png.exportId, 'a.png.png')).toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true })
    const floats = decodeNpy(await bytesOf(npy.exportId, 'a.png.npy'))
    expect(floats.shape).toEqual([info.height, info.width])
    const millimetres = new Uint16Array(Uint8Array.from(data).buffer)
    expect(maxDifference(Float32Array.from(millimetres, (value) => value / 1000), floats.data as Float32Array)).toBeLessThan(6e-4)
    const all = await write('png', undefined)
    expect(all.files.map(({ name }) => name)).toEqual(['depth.zip'])
    const table = (await bytesOf((await write('csv', undefined)).exportId, 'depth.csv')).toString().trim().split('\n')
    expect([table[0], table.length]).toEqual(['filename,median_m,near_m,far_m', 4])
  })
})
