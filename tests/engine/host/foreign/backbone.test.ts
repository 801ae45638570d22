/** @file Graphs of other makers imported, tried and run, against their arithmetic done by hand. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OnnxMapping } from '../../../../src/engine/contract'
import { exportModel } from '../../../../src/engine/export'
import { tryGraph } from '../../../../src/engine/host/foreign/try-graph'
import { analyseImage, attentionOf, loadBackbone, pcaOf, similarityTo, type Backbone, type PatchBatch } from '../../../../src/engine/inference'
import { encodeModel } from '../../../../src/engine/onnx'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import { randomStream } from '../../../../src/engine/tensor'
import { importAny, importOnnx, inspectOnnx, listModelFolders, verifyModelFolder, type OnnxModelFolder, type TryOnnx } from '../../../../src/engine/weights'
import { temporaryFolder } from '../../../helpers/folders'
import { mapModel, naiveMean, naiveTokens, node, onnxModel, tokenModel, value, vectorModel, type ForeignModel } from '../../../helpers/foreign-models'
import { smallConfigs, writeSmallModel } from '../../../helpers/small-models'

let runtime: Runtime

beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 2 })
})
afterAll(() => runtime.dispose())

/** In this process: what is tried here is our own. */
const tryOnnx: TryOnnx = (request, signal) => tryGraph({ ...request, memoryBytes: 2 ** 40 }, signal)
const context = { signal: new AbortController().signal, emit: () => undefined }

async function imported(foreign: Pick<ForeignModel, 'model'>, mapping?: Partial<OnnxMapping>): Promise<{ readonly folder: OnnxModelFolder; readonly backbone: Backbone }> {
  const place = await temporaryFolder()
  const source = join(place, 'net.onnx')
  await writeFile(source, encodeModel(foreign.model))
  const folder = await importOnnx({ source, modelsFolder: join(place, 'models'), mapping, tryOnnx }, context)
  return { folder, backbone: loadBackbone(runtime, folder) }
}

function batchOf({ config }: Backbone, count: number, height: number, width: number): PatchBatch {
  const random = randomStream(5, height * 100 + width)
  const patches = Float32Array.from({ length: count * height * width * 3 * config.patchSize ** 2 }, () => random.normal())
  return { count, grid: { height, width }, patches }
}

const worst = (found: Float32Array, expected: readonly number[]): number => {
  expect(found.length).toBe(expected.length)
  return found.reduce((most, value, index) => Math.max(most, Math.abs(value - expected[index]!)), 0)
}

describe('an imported graph', () => {
  it('that gives tokens with CLS and registers gives the vectors its arithmetic says, at any size and several at once', async () => {
    const foreign = tokenModel({ patch: 16, dim: 6, leading: 3 })
    const { folder, backbone } = await imported(foreign)
    const { config } = folder.manifest
    expect(config).toMatchObject({ patchSize: 16, dim: 6, registers: 2, depth: 0, batched: true, output: { name: 'last_hidden_state', form: 'tokens', leadingTokens: 3 } })
    expect(config.fixedSize).toBeUndefined()
    const batch = batchOf(backbone, 2, 2, 5)
    const expected = naiveTokens(foreign, batch.patches, 10)
    const means = expected.map(naiveMean)
    const { cls, mean, patches } = await backbone.embedPatches(batch)
    expect(worst(patches, expected.flat(2))).toBeLessThan(1e-4)
    expect(worst(mean, means.flat())).toBeLessThan(1e-4)
    expect(worst(cls, means.flat().map((value) => -value))).toBeLessThan(1e-4)
    const { tokens, lengths, attention } = await backbone.look(batch, [0])
    expect(worst(tokens, expected.flatMap((rows, picture) => [...[-1, -2, -3].map((scale) => means[picture]!.map((value) => scale * value)), ...rows]).flat())).toBeLessThan(1e-4)
    expect(worst(lengths.subarray(3, 13), expected[0]!.map((token) => Math.hypot(...token)))).toBeLessThan(1e-4)
    expect(attention).toEqual([])
    await backbone.dispose()
  })

  it('that gives a feature map, channels first or last, gives its cells as patches and their mean as CLS', async () => {
    for (const channelsLast of [false, true]) {
      const foreign = mapModel({ patch: 32, dim: 5, channelsLast })
      const { folder, backbone } = await imported(foreign)
      expect(folder.manifest.config).toMatchObject({ patchSize: 32, registers: 0, input: { channels: channelsLast ? 'last' : 'first' }, output: { form: channelsLast ? 'map-last' : 'map' } })
      const batch = batchOf(backbone, 1, 3, 4)
      const [expected] = naiveTokens(foreign, batch.patches, 12)
      const { cls, patches } = await backbone.embedPatches(batch)
      expect(worst(patches, expected!.flat())).toBeLessThan(1e-4)
      expect(worst(cls, naiveMean(expected!))).toBeLessThan(1e-4)
      await backbone.dispose()
    }
  })

  it('that gives one vector can be embedded with and not be looked into', async () => {
    const foreign = vectorModel({ patch: 14, dim: 7 })
    const { folder, backbone } = await imported(foreign, { size: 28 })
    expect(folder.manifest.config).toMatchObject({ patchSize: 28, fixedSize: 28, output: { form: 'vector' } })
    expect(folder.manifest.preprocessing).toMatchObject({ crop: 28, shortEdge: 32 })
    const batch = batchOf(backbone, 1, 1, 1)
    // The row of the one patch, cut into the four patches of the graph.
    const cut = Float32Array.from({ length: 4 * 3 * 14 * 14 }, (_, index) => {
      const [patch, channel, y, x] = [Math.floor(index / 588), Math.floor((index % 588) / 196), Math.floor((index % 196) / 14), index % 14]
      return batch.patches[channel * 784 + (Math.floor(patch / 2) * 14 + y) * 28 + (patch % 2) * 14 + x]!
    })
    const { cls, mean } = await backbone.embed(batch)
    const expected = naiveMean(naiveTokens(foreign, cut, 4)[0]!)
    expect(worst(cls, expected)).toBeLessThan(1e-4)
    expect(mean).toEqual(cls)
    await expect(backbone.embedPatches(batch)).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('one vector of each picture') })
    await expect(backbone.look(batch, [0])).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' })
    await backbone.dispose()
  })

  it('of one size and one picture, as its file says or as only its positions show, is found out and run one by one', async () => {
    for (const size of [undefined, 224]) {
      const foreign = tokenModel({ patch: 16, dim: 4, leading: 1, positions: 196, batch: size === undefined ? 'batch' : 1, size })
      const { folder, backbone } = await imported(foreign)
      expect(folder.manifest.config).toMatchObject({ patchSize: 16, fixedSize: 224, batched: size === undefined, registers: 0 })
      const batch = batchOf(backbone, 2, 14, 14)
      const expected = naiveTokens(foreign, batch.patches, 196)
      const { patches } = await backbone.embedPatches(batch)
      expect(worst(patches, expected.flat(2))).toBeLessThan(1e-4)
      await expect(backbone.embed(batchOf(backbone, 1, 3, 3))).rejects.toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('224 × 224 pixels alone') })
      await backbone.dispose()
    }
  })

  it('with attention answers for it; without, it says that it has none; keys and inner blocks it refuses', async () => {
    const prepared = { rgb: Uint8Array.from({ length: 32 * 48 * 3 }, (_, index) => (index * 37) % 256), height: 32, width: 48, extent: { left: 0, top: 0, width: 1, height: 1 }, note: '' }
    const { backbone: seeing } = await imported(tokenModel({ patch: 16, dim: 4, leading: 1, attention: true }))
    expect(seeing.config).toMatchObject({ depth: 1, heads: 1 })
    const state = await analyseImage(seeing, prepared)
    const all = await seeing.look(state.batch, [0, 1, 2, 3, 4, 5, 6])
    const { weights, patchShare } = await attentionOf(state, 0, 3)
    // Row of the fourth patch, which comes after CLS; the softmax of its products.
    const { tokens } = all
    const scores = Array.from({ length: 7 }, (_, other) => Array.from({ length: 4 }, (_column, column) => tokens[4 * 4 + column]! * tokens[other * 4 + column]!).reduce((sum, product) => sum + product, 0))
    const exps = scores.map((score) => Math.exp(score - Math.max(...scores)))
    const total = exps.reduce((sum, exp) => sum + exp, 0)
    expect(worst(weights, exps.slice(1).map((exp) => exp / total))).toBeLessThan(1e-5)
    expect(patchShare[0]).toBeCloseTo(1 - exps[0]! / total, 5)

    const { backbone: blind } = await imported(tokenModel({ patch: 16, dim: 4, leading: 1 }))
    const looked = await analyseImage(blind, prepared)
    expect([(await pcaOf(looked)).rgb.length, (await similarityTo(looked, 2)).cosine[2]?.toFixed(5)]).toEqual([18, '1.00000'])
    await expect(attentionOf(looked, 0, 'cls')).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('gives no attention') })
    await expect(blind.keys(looked.batch)).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' })
    await expect(blind.intermediate(looked.batch, [0, 1], true)).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' })
    expect((await blind.intermediate(looked.batch, [0], true))[0]).toEqual(looked.tokens)
    for (const backbone of [seeing, blind]) await backbone.dispose()
  })

  it('brings along the data that lie beside it', async () => {
    const foreign = tokenModel({ patch: 16, dim: 4, leading: 1 })
    const place = await temporaryFolder()
    const source = join(place, 'model.onnx')
    const initializers = foreign.model.graph.initializers.map((tensor) => (tensor.name === 'kernel' ? { ...tensor, data: { location: 'model.onnx.data', offset: 64, length: foreign.kernel.byteLength } } : tensor))
    await writeFile(source, encodeModel({ ...foreign.model, graph: { ...foreign.model.graph, initializers } }))
    await writeFile(join(place, 'model.onnx.data'), Buffer.concat([Buffer.alloc(64), Buffer.from(foreign.kernel.buffer)]))
    const folder = await importOnnx({ source, modelsFolder: join(place, 'models'), tryOnnx }, context)
    // What lay beside is not needed any more.
    await rm(join(place, 'model.onnx.data'))
    expect(folder.manifest.weights.files.map(({ name, bytes }) => [name, bytes]).at(1)).toEqual(['model.onnx.data', 64 + foreign.kernel.byteLength])
    const backbone = loadBackbone(runtime, folder)
    const batch = batchOf(backbone, 1, 2, 2)
    expect(worst((await backbone.embedPatches(batch)).patches, naiveTokens(foreign, batch.patches, 4).flat(2))).toBeLessThan(1e-4)
    await backbone.dispose()
    await verifyModelFolder(folder)
    await writeFile(join(folder.folder, 'model.onnx.data'), Buffer.alloc(64 + foreign.kernel.byteLength))
    await expect(verifyModelFolder(folder)).rejects.toMatchObject({ code: 'MODEL_DAMAGED' })
    await writeFile(join(folder.folder, 'model.onnx.data'), Buffer.alloc(8))
    expect((await listModelFolders(join(place, 'models'))).problems).toMatchObject([{ code: 'MODEL_DAMAGED' }])
  })

  it('is checked again when it is loaded: its folder may have come from anywhere', async () => {
    const { folder, backbone } = await imported(tokenModel({ patch: 16, dim: 4, leading: 1 }))
    const batch = batchOf(backbone, 1, 2, 2)
    const outside = encodeModel(onnxModel([node('EPContext', ['pixels'], 'y', {}, 'com.microsoft')], [], [value('pixels', ['b', 3, 8, 8])], [value('y', ['b', 2])]))
    await writeFile(folder.graph, outside)
    await expect(backbone.embed(batch)).rejects.toMatchObject({ code: 'MODEL_EXTERNAL_DATA' })
  })

  it('is told how to be read: another output or count is taken, and one that the graph contradicts is refused', async () => {
    const foreign = tokenModel({ patch: 16, dim: 4, leading: 1, positions: 196, size: 224 })
    // 61 leading tokens leave 136 of 197, which is no square; 97 leave 100, which does not divide 224.
    for (const mapping of [{ leadingTokens: 61 }, { leadingTokens: 97 }, { output: 'nonesuch' }, { size: 448 }]) await expect(imported(foreign, mapping)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    const read = await imported(foreign, { leadingTokens: 1 + 196 - 64, mean: [0, 0, 0], std: [1, 1, 1] }).catch((error: unknown) => error)
    expect(read).toMatchObject({ code: 'BAD_REQUEST' })
    const unlike = await imported(foreign, { leadingTokens: 1 })
    const other = await imported(tokenModel({ patch: 16, dim: 4, leading: 1, positions: 196, size: 224, attention: true }), { leadingTokens: 1 })
    expect(unlike.folder.manifest.weights.sha256).not.toBe(other.folder.manifest.weights.sha256)
  })
})

describe('inspecting a graph', () => {
  it('tells what it takes and gives, and proposes; nothing of it stays', async () => {
    const place = await temporaryFolder()
    const source = join(place, 'clip-vision.onnx')
    await writeFile(source, encodeModel(tokenModel({ patch: 14, dim: 4, leading: 1 }).model))
    const modelsFolder = join(place, 'models')
    const found = await inspectOnnx({ source, modelsFolder, tryOnnx }, context)
    expect(found).toMatchObject({
      name: 'clip-vision',
      parameters: 4 * 3 * 14 * 14 + 4 + 1,
      inputs: [{ name: 'pixels', dtype: 'float32', shape: ['batch', 3, 'height', 'width'] }],
      outputs: [{ name: 'last_hidden_state', shape: ['batch', 'tokens', 4] }],
      fixedSize: undefined,
      choices: [{ output: 'last_hidden_state', form: 'tokens', dim: 4, leadingTokens: 1, patchSize: 14, blocks: 0, heads: 0 }],
      proposal: { output: 'last_hidden_state', leadingTokens: 1, size: 224, mean: [0.48145466, 0.4578275, 0.40821073] },
    })
    expect(await listModelFolders(modelsFolder)).toEqual({ models: [], problems: [] })
  })
})

describe('a model of DinoScope’s own, exported and imported by its outputs', () => {
  it.each(['dino', 'registers'] as const)('gives the same vectors and attention within 1e-4: %s', async (kind) => {
    const place = await temporaryFolder()
    const model = await writeSmallModel(join(place, 'small'), smallConfigs[kind])
    const path = join(place, 'small.onnx')
    const native = loadBackbone(runtime, model)
    const pictures = [join(import.meta.dirname, '..', '..', '..', '..', 'resources', 'samples', 'cat.jpg')]
    await exportModel(model, { path, format: 'onnx', size: undefined, attention: 'all' }, () => Promise.resolve({ reference: native, open: runtime.openFile, withWeights: (weights) => loadBackbone(runtime, { ...model, weights }), pictures }), context)
    // Its weights are known: nobody is asked how it is read, unless it is asked for by its outputs.
    expect(await inspectOnnx({ source: path, modelsFolder: join(place, 'models'), tryOnnx }, context)).toBeUndefined()
    expect(await importAny({ source: path, modelsFolder: join(place, 'models'), tryOnnx }, context)).toMatchObject({ manifest: { config: { family: model.manifest.config.family } } })
    const folder = await importOnnx({ source: path, modelsFolder: join(place, 'models'), mapping: { output: 'last_hidden_state' }, tryOnnx }, context)
    // A copy of its folder is read as the folder says.
    const copied = await importAny({ source: folder.folder, modelsFolder: join(place, 'others'), tryOnnx }, context)
    expect(copied.manifest).toMatchObject({ name: folder.manifest.name, config: folder.manifest.config, preprocessing: folder.manifest.preprocessing, weights: { sha256: folder.manifest.weights.sha256 } })
    const foreign = loadBackbone(runtime, folder)
    const { patchSize, dim, depth, heads, registers } = model.manifest.config
    expect(folder.manifest.config).toMatchObject({ patchSize, dim, depth, heads, registers, batched: true })
    const batch = batchOf(native, 2, 6, 9)
    const [one, other] = [await native.embedPatches(batch), await foreign.embedPatches(batch)]
    for (const part of ['cls', 'mean', 'patches'] as const) expect(worst(other[part], [...one[part]])).toBeLessThan(1e-4)
    const [seen, again] = [await native.look(batch, [0, 5]), await foreign.look(batch, [0, 5])]
    seen.attention.forEach((attention, block) => { expect(worst(again.attention[block]!, [...attention])).toBeLessThan(1e-4) })
    for (const backbone of [native, foreign]) await backbone.dispose()
  })
})
