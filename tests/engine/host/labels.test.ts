/** @file Labels of the real engine over pictures with known regions: named, predicted, taken back after a restart, written. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type LabelChange, type LabelExportRequest } from '../../../src/engine/contract'
import { createEngine, type Engine } from '../../../src/engine/host'
import { memoryPair } from '../../../src/engine/link'
import { decodeModel } from '../../../src/engine/onnx'
import { thrownBy } from '../../helpers/thrown'
import { addUntrainedModel } from '../../helpers/untrained-model'

const modelId = 'untrained-demo'
const pictures = 12
const [edge, grid] = [256, 16]

let folder: string
let engine: Engine
let client: Client<EngineContract>
let libraryId: string
let labelSetId: string

const blockAt = (index: number): number => 2 + (index % 6)

/** A warm block on blue for even pictures, on green for odd ones. */
async function picture(index: number): Promise<Buffer> {
  const [left, top, size] = [16 + 14 * blockAt(index), 16 + 56, 84]
  const rgb = Buffer.alloc(3 * edge * edge)
  for (let y = 0; y < edge; y++)
    for (let x = 0; x < edge; x++) {
      const isInside = x >= left && x < left + size && y >= top && y < top + size
      rgb.set(isInside ? [220, 90, 40 + (index % 4)] : index % 2 === 0 ? [30, 70, 140 + index] : [60, 150 + index, 40], 3 * (y * edge + x))
    }
  return sharp(rgb, { raw: { width: edge, height: edge, channels: 3 } }).png().toBuffer()
}
const isBlock = (index: number, patch: number): boolean => {
  const [x, y] = [patch % grid, Math.floor(patch / grid)]
  return x >= blockAt(index) && x < blockAt(index) + 6 && y >= 4 && y < 10
}
const patchesWhere = (index: number, wanted: boolean): Uint32Array => Uint32Array.from(Array.from({ length: grid * grid }, (_, patch) => patch).filter((patch) => isBlock(index, patch) === wanted && patch % 3 === 0))

async function start(): Promise<void> {
  engine = await createEngine({ version: '1.2.3', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
  libraryId = (await client['library.open']({ path: join(folder, 'photos') }, () => undefined).result).libraryId
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labels-'))
  await mkdir(join(folder, 'photos'))
  for (let index = 0; index < pictures; index++) await writeFile(join(folder, 'photos', index === pictures - 1 ? '=11.png' : `${String(index).padStart(2, '0')}.png`), await picture(index))
  await addUntrainedModel(join(folder, 'resources'))
  await mkdir(join(folder, 'resources', 'samples'))
  await start()
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const change = (by: LabelChange) => client['labels.change']({ libraryId, labelSetId, change: by })
const predict = (subject: 'pictures' | 'patches', method: 'knn' | 'linear') => client['labels.predict']({ libraryId, labelSetId, subject, method }, () => undefined).result
const written = async (by: Pick<LabelExportRequest, 'subject' | 'method' | 'what'>): Promise<Record<string, Buffer>> => {
  const { exportId, files } = await client['labels.export']({ libraryId, labelSetId, raw: false, ...by }, () => undefined).result
  return Object.fromEntries(await Promise.all(files.map(async ({ name }) => [name, Buffer.from((await client['embed.file']({ exportId, name, offset: 0 })).bytes)] as const)))
}
const backgrounds = Int32Array.from({ length: pictures }, (_, row) => row % 2)

describe('labels', () => {
  it('are made, named and counted', async () => {
    labelSetId = (await client['labels.create']({ libraryId, modelId, name: 'Grounds' })).labelSetId
    await change({ kind: 'addClass', name: 'blue', colour: [0, 0, 255] })
    await change({ kind: 'addClass', name: 'green', colour: undefined })
    expect(await thrownBy(() => change({ kind: 'addClass', name: 'green', colour: undefined }))).toMatchObject({ code: 'ALREADY_EXISTS' })
    await change({ kind: 'name', rows: Uint32Array.of(0, 2, 4), patches: undefined, label: 0 })
    const info = await change({ kind: 'name', rows: Uint32Array.of(1, 3), patches: undefined, label: 1 })
    expect(info.classes.map(({ name, pictures: count, patches }) => ({ name, count, patches }))).toEqual([{ name: 'blue', count: 3, patches: 0 }, { name: 'green', count: 2, patches: 0 }])
    expect(await thrownBy(() => predict('pictures', 'linear'))).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('embed them first') as string })
    await client['embed.run']({ libraryId, rows: undefined, modelId, patches: true }, () => undefined).result
  })

  it.each(['knn', 'linear'] as const)('say what all pictures are, by %s', async (method) => {
    const found = await predict('pictures', method)
    expect(found.labels).toEqual(backgrounds)
    expect(found.accuracy).toEqual({ folds: 5, examples: 5, accuracy: 1, perClass: [{ label: 0, right: 3, of: 3 }, { label: 1, right: 2, of: 2 }] })
    expect([found.confidence[0], found.confidence[1], found.confidence.every((share) => share > 0.5 && share <= 1)]).toEqual([1, 1, true])
  })

  it('have no accuracy while a class has one example', async () => {
    await change({ kind: 'forget', rows: Uint32Array.of(3), patches: undefined })
    expect((await predict('pictures', 'linear')).accuracy.accuracy).toBeUndefined()
    await change({ kind: 'undo' })
  })

  it.each(['knn', 'linear'] as const)('say what all patches are, by %s', async (method) => {
    if (method === 'knn') {
      const before = await client['labels.picture']({ libraryId, labelSetId, subject: 'patches', method, row: 0 })
      expect([before.gridWidth, before.labels.every((label) => label === 255), before.named.every((label) => label === 255)]).toEqual([grid, true, true])
      for (const row of [0, 1, 2, 3]) {
        await change({ kind: 'name', rows: Uint32Array.of(row), patches: patchesWhere(row, false), label: 0 })
        await change({ kind: 'name', rows: Uint32Array.of(row), patches: patchesWhere(row, true), label: 1 })
      }
    }
    const found = await predict('patches', method)
    expect([found.labels.every((label) => label === 0), found.accuracy.folds, found.accuracy.accuracy! > 0.9]).toEqual([true, 4, true])
    const one = await client['labels.picture']({ libraryId, labelSetId, subject: 'patches', method, row: 7 })
    const right = one.labels.filter((label, patch) => (label === 1) === isBlock(7, patch)).length
    expect([one.gridHeight, one.gridWidth, right / one.labels.length > 0.93, one.named.every((label) => label === 255)]).toEqual([grid, grid, true, true])
  })

  it('take a change back after a restart', async () => {
    const before = await client['labels.list']({ libraryId })
    await change({ kind: 'removeClass', label: 1 })
    await engine.dispose()
    await start()
    expect((await client['labels.list']({ libraryId }))[0]!.classes).toHaveLength(1)
    await change({ kind: 'undo' })
    expect(await client['labels.list']({ libraryId })).toEqual(before)
  })

  it('name the patches of a segment', async () => {
    const { info, segments } = await client['segments.find']({ libraryId, rows: undefined, modelId, segments: 2, restarts: 2, seed: 1 }, () => undefined).result
    await change({ kind: 'addClass', name: 'part', colour: undefined })
    const named = await change({ kind: 'nameSegment', segmentationId: info.segmentationId, segment: segments[1]!.id, label: 2 })
    expect(named.classes[2]!.patches).toBeGreaterThan(8 * 25)
    await change({ kind: 'undo' })
    await change({ kind: 'undo' })
  })

  it('are written as a table that is no formula', async () => {
    const lines = (await written({ subject: 'pictures', method: 'knn', what: 'csv' }))['labels.csv']!.toString('utf8').trimEnd().split('\n')
    expect(lines).toHaveLength(pictures + 1)
    expect(lines[1]).toBe('00.png,blue,1,yes')
    expect(lines.at(-1)).toMatch(/^"'=11\.png",green,0\.\d+,no$/)
    expect(lines.filter((line) => line.endsWith(',no') && line.includes(',green,'))).toHaveLength(4)
  })

  it('are written as masks, packed', async () => {
    const files = await written({ subject: 'patches', method: 'linear', what: 'masks' })
    expect(Object.keys(files)).toEqual(['labels.zip'])
    expect(files['labels.zip']!.includes(Buffer.from('07.png.png'))).toBe(true)
    expect(await thrownBy(() => written({ subject: 'pictures', method: 'linear', what: 'masks' }))).toMatchObject({ code: 'BAD_REQUEST' })
  })

  it.each(['pictures', 'patches'] as const)('are written as a head for %s that was run before it got its name', async (subject) => {
    const { metadata, graph } = decodeModel((await written({ subject, method: 'linear', what: 'onnx' }))['labels.onnx']!)
    expect({ classes: metadata.classes, inputs: graph.inputs.map(({ name }) => name), outputs: graph.outputs.map(({ name }) => name) }).toEqual({
      classes: '["blue","green"]', inputs: subject === 'pictures' ? ['cls', 'mean'] : ['patch_tokens'], outputs: ['scores'],
    })
    expect(await thrownBy(() => written({ subject, method: 'knn', what: 'onnx' }))).toMatchObject({ code: 'BAD_REQUEST' })
  })
})
