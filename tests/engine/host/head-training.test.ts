/** @file Heads trained by the real engine on pictures with known depth and classes: kept, used on another picture, written, nothing half. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TrainHeadEvent, TrainHeadRequest } from '../../../src/engine/contract'
import { encodeGrey16Png, encodeIndexedPng } from '../../../src/engine/export'
import { createEngineState, disposeEngineState, type EngineState } from '../../../src/engine/host/engine-state'
import { readTarget } from '../../../src/engine/host/head-targets'
import { exportHead, trainHead } from '../../../src/engine/host/head-training'
import { decodeModel } from '../../../src/engine/onnx'
import { thrownBy } from '../../helpers/thrown'
import { addUntrainedModel } from '../../helpers/untrained-model'

const modelId = 'untrained-demo'
const pictures = 12
const edge = 224

let folder: string
let state: EngineState
let libraryId: string

/** Columns from here on are bright, near and class 1; the others are dark, far and class 0. */
const borderOf = (index: number): number => 56 + 14 * (index % 8)
const pixels = <T extends Uint8Array | Uint16Array>(into: T, value: (isNear: boolean) => number, index: number, size = edge): T => {
  for (let pixel = 0; pixel < into.length; pixel++) into[pixel] = value(((pixel % size) * edge) / size >= borderOf(index))
  return into
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'head-training-'))
  for (const name of ['photos', 'depth', 'masks', 'resources/samples']) await mkdir(join(folder, name), { recursive: true })
  for (let index = 0; index < pictures; index++) {
    const grey = pixels(new Uint8Array(edge * edge), (isNear) => (isNear ? 210 : 40) + index, index)
    await writeFile(join(folder, 'photos', `${index}.png`), await sharp(grey, { raw: { width: edge, height: edge, channels: 1 } }).png().toBuffer())
    await writeFile(join(folder, 'depth', `${index}.png`), await encodeGrey16Png(pixels(new Uint16Array(edge * edge), (isNear) => (isNear ? 1500 : 8000), index), edge, edge))
    await writeFile(join(folder, 'masks', `${index}.png`), await encodeIndexedPng(pixels(new Uint8Array(112 * 112), Number, index, 112), 112, 112, (label) => [label * 255, 0, 0]))
  }
  await writeFile(join(folder, 'masks', '3.png'), await encodeIndexedPng(new Uint8Array(100 * 50), 100, 50, () => [0, 0, 0]))
  await addUntrainedModel(join(folder, 'resources'))
  const nothing = (): void => undefined
  state = await createEngineState({ version: '1.2.3', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 }, { tellThroughput: nothing, tellRun: nothing, tellLibrary: nothing, startTrainer: undefined })
  libraryId = (await state.libraries.open(join(folder, 'photos'), { emit: nothing, signal: new AbortController().signal })).libraryId
})
afterAll(async () => {
  await disposeEngineState(state)
  await rm(folder, { recursive: true })
})

const request = (kind: 'depth' | 'classes'): TrainHeadRequest => ({ libraryId, rows: undefined, modelId, kind, name: `My ${kind}`, targets: join(folder, kind === 'depth' ? 'depth' : 'masks'), epochs: 10, validation: 0.25, seed: 1 })
async function train(kind: 'depth' | 'classes') {
  const events: TrainHeadEvent[] = []
  const info = await trainHead(state, request(kind), { emit: (event) => { events.push(event) }, signal: new AbortController().signal })
  return { info, events }
}

describe('a head that is trained', () => {
  it('reads millimetres exactly', async () => {
    const { values, height, width } = await readTarget(join(folder, 'depth', '0.png'), 'depth')
    expect([height, width, values[0], values[edge - 1]]).toEqual([edge, edge, 8, 1.5])
  })

  it('tells depth of pictures that it did not learn from, and is kept', async () => {
    const { info, events } = await train('depth')
    expect(info).toMatchObject({ kind: 'depth', architecture: 'regression', minDepth: 1.5, maxDepth: 8, training: { modelId, pictures: 9, validationPictures: 3 } })
    expect(info.training!.metrics.explained).toBeGreaterThan(0.8)
    expect(events.filter(({ kind }) => kind === 'measured').length).toBeGreaterThan(10)
    expect(await state.heads.list()).toEqual([info])
    const { files, exportId } = await exportHead(state, { headId: info.headId }, { emit: () => undefined, signal: new AbortController().signal })
    const { graph } = decodeModel(Buffer.from((await state.exports.read(exportId, files[0]!.name, 0)).bytes))
    expect([graph.inputs[0]!.shape, graph.outputs[0]!.name]).toEqual([['patches', info.dim], 'depth'])
  })

  it('tells classes, and says which mask does not lie on its picture', async () => {
    const { info, events } = await train('classes')
    expect(info).toMatchObject({ architecture: 'bn-linear', classes: [{ name: 'Class 0' }, { name: 'Class 1' }], training: { pictures: 8, validationPictures: 3 } })
    expect(info.training!.metrics.accuracy).toBeGreaterThan(0.95)
    const skipped = events.flatMap((event) => (event.kind === 'skipped' ? [event.problem.reason] : []))
    expect(skipped).toEqual([expect.stringContaining('is 100 × 50, and its picture 224 × 224') as string])
  })

  it('leaves nothing when it is stopped', async () => {
    const before = await state.heads.list()
    const stop = new AbortController()
    const training = trainHead(state, { ...request('depth'), epochs: 1000 }, { emit: (event) => { if (event.kind === 'measured') stop.abort(new Error('enough')) }, signal: stop.signal })
    expect(await thrownBy(() => training)).toMatchObject({ message: 'enough' })
    expect(await state.heads.list()).toEqual(before)
  })

  it('needs targets', async () => {
    expect(await thrownBy(() => trainHead(state, { ...request('depth'), targets: join(folder, 'nowhere') }, { emit: () => undefined, signal: new AbortController().signal }))).toMatchObject({ code: 'NOT_FOUND' })
  })
})
