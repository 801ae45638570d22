/** @file Models as files for other programs: what is in them, and that they come back as the models they were. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportModel, parityTolerance, type ModelCheck, type ModelExportOptions } from '../../../../src/engine/export'
import { writeOnnxModel } from '../../../../src/engine/export/model/onnx-model'
import { loadBackbone } from '../../../../src/engine/inference'
import { decodeModel, encodeModel, type OnnxModel } from '../../../../src/engine/onnx'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import { importModel, type VitModelFolder } from '../../../../src/engine/weights'
import { temporaryFolder } from '../../../helpers/folders'
import { smallConfigs, writeSmallModel } from '../../../helpers/small-models'
import { thrownBy } from '../../../helpers/thrown'

const samples = join(import.meta.dirname, '..', '..', '..', '..', 'resources', 'samples')
const pictures = ['cat.jpg', 'rocket.jpg'].map((name) => join(samples, name))
const context = { signal: new AbortController().signal, emit: () => undefined }

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
})
afterAll(async () => {
  await runtime.dispose()
})

const checkOf = (model: VitModelFolder): ModelCheck => ({ reference: loadBackbone(runtime, model), open: runtime.openFile, withWeights: (weights) => loadBackbone(runtime, { ...model, weights }), pictures })

async function exported(model: VitModelFolder, path: string, options: Partial<ModelExportOptions> = {}): ReturnType<typeof exportModel> {
  return exportModel(model, { path, format: 'onnx', attention: 'cls', size: undefined, ...options }, () => Promise.resolve(checkOf(model)), context)
}

const decoded = async (path: string): Promise<OnnxModel> => decodeModel(await readFile(path))
const shapes = (values: OnnxModel['graph']['outputs']): Readonly<Record<string, string>> => Object.fromEntries(values.map(({ name, shape }) => [name, shape.join(', ')]))

describe('an ONNX file', () => {
  it.each(Object.entries(smallConfigs))('of a %s model gives the engine\'s numbers at every size and comes back with the same weights', async (_name, config) => {
    const folder = await temporaryFolder()
    const model = await writeSmallModel(join(folder, 'model'), config)
    const path = join(folder, 'out', 'small.onnx')
    const { files, parity } = await exported(model, path)
    const back = await importModel({ source: path, modelsFolder: join(folder, 'models') }, context)
    const { id: _id, provenance, ...kept } = model.manifest
    expect(files).toEqual([join(folder, 'out', 'small.parity.json'), path])
    expect(parity.map(({ height, width, tokens, attention, cosine }) => [height, width, tokens < 1e-4, attention < 1e-5, cosine > 0.99999])).toEqual([
      [224, 224, true, true, true],
      [224, 224, true, true, true],
      [224, 336, true, true, true],
      [301, 251, true, true, true],
    ])
    expect(back.manifest).toEqual({ ...kept, id: 'small-model', provenance: { ...provenance, source: path, kind: 'dinoscope', importedAt: back.manifest.provenance.importedAt } })
  })

  it('is of the standard alone, says what it is, and nothing of where it was made', async () => {
    const folder = await temporaryFolder()
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.registers)
    const path = join(folder, 'small.onnx')
    await exported(model, path)
    const { irVersion, producer, opsets, metadata, graph } = await decoded(path)
    expect({ irVersion, producer, opsets, domains: new Set(graph.nodes.map(({ domain }) => domain)), inputs: shapes(graph.inputs), outputs: shapes(graph.outputs) }).toEqual({
      irVersion: 10,
      producer: 'DinoScope',
      opsets: { '': 21 },
      domains: new Set(['']),
      inputs: { pixel_values: 'batch, 3, height, width' },
      outputs: { last_hidden_state: 'batch, tokens, 32', cls: 'batch, 32', patch_tokens: 'batch, patches, 32', cls_attention: 'batch, 4, patches' },
    })
    expect(metadata).toMatchObject({ model_name: 'Small model', architecture: 'ViT-32×2/14 · 4 registers', trained: 'false', weights_sha256: model.manifest.weights.sha256, patch_size: '14', preprocessing: expect.stringContaining('0.485 0.456 0.406') as string, provenance: expect.stringContaining('small.pth') as string })
    expect(JSON.stringify(metadata)).not.toMatch(/somebody|private/)
  })

  it.each([
    ['none', {}],
    ['last', { attention: 'batch, 4, tokens, tokens' }],
    ['all', { attention_0: 'batch, 4, tokens, tokens', attention_1: 'batch, 4, tokens, tokens' }],
  ] as const)('has the attention that is asked for: %s', async (attention, outputs) => {
    const folder = await temporaryFolder()
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
    const { parity } = await exported(model, join(folder, 'small.onnx'), { attention })
    const { graph } = await decoded(join(folder, 'small.onnx'))
    expect(shapes(graph.outputs)).toEqual({ last_hidden_state: 'batch, tokens, 32', cls: 'batch, 32', patch_tokens: 'batch, patches, 32', ...outputs })
    expect(parity.map((row) => (attention === 'none' ? Number.isNaN(row.attention) : row.attention < 1e-5))).toEqual([true, true, true, true])
  })

  it('of fixed sizes has them as numbers and is checked with them', async () => {
    const folder = await temporaryFolder()
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
    const { parity } = await exported(model, join(folder, 'small.onnx'), { size: [112, 150] })
    const { graph } = await decoded(join(folder, 'small.onnx'))
    expect([shapes(graph.inputs), shapes(graph.outputs), parity.map(({ height, width, tokens }) => [height, width, tokens < 1e-4])]).toEqual([
      { pixel_values: 'batch, 3, 112, 150' },
      { last_hidden_state: 'batch, 81, 32', cls: 'batch, 32', patch_tokens: 'batch, 80, 32', cls_attention: 'batch, 4, 80' },
      [
        [112, 150, true],
        [112, 150, true],
      ],
    ])
  })

  it.each([
    [[13, 100], 'holds no patch of 14 × 14'],
    [[14_000, 14_000], 'at most 4096 can be fixed'],
  ] as const)('of fixed size %j is refused', async (size, reason) => {
    const folder = await temporaryFolder()
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
    await expect(exported(model, join(folder, 'out', 'small.onnx'), { size })).rejects.toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining(reason) as string })
  })

  it('has the same bytes each time, and half-size weights stay so', async () => {
    const folder = await temporaryFolder()
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2, 'float16')
    const [first, second] = [join(folder, 'a', 'small.onnx'), join(folder, 'b', 'small.onnx')]
    await exported(model, first, { size: [28, 28] })
    await exported(model, second, { size: [28, 28] })
    const { initializers } = (await decoded(first)).graph
    const copy = await importModel({ source: join(folder, 'model'), modelsFolder: join(folder, 'models') }, context)
    const back = await importModel({ source: first, modelsFolder: join(folder, 'models') }, context)
    expect((await readFile(first)).equals(await readFile(second))).toBe(true)
    expect([initializers.find(({ name }) => name === 'pos_embed')?.dtype, back.manifest.weights.sha256]).toEqual(['float16', copy.manifest.weights.sha256])
  })

  it('puts weights that are too many for it into a file beside, and is imported with them', async () => {
    const folder = await temporaryFolder()
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.registers)
    const path = join(folder, 'out', 'small.onnx')
    const whole = join(folder, 'whole.onnx')
    await exported(model, whole)
    const elementsSha256 = (JSON.parse((await decoded(whole)).metadata['dinoscope.model']!) as { elementsSha256: string }).elementsSha256
    const { files } = await writeOnnxModel(path, model, checkOf(model), { attention: 'cls', size: undefined, elementsSha256, inlineLimit: 1000, signal: context.signal, onWritten: () => undefined, onChecked: () => undefined })
    const back = await importModel({ source: path, modelsFolder: join(folder, 'models') }, context)
    expect([files.map((file) => file.slice(folder.length + 1)), back.manifest.weights.sha256]).toEqual([['out/small.onnx.data', 'out/small.parity.json', 'out/small.onnx'], model.manifest.weights.sha256])
  })
})

describe('an export that does not go well leaves what was there before', () => {
  it('when the file gives other numbers than the engine, which is kept on request', async () => {
    const folder = await temporaryFolder({ 'out/small.onnx': 'the old one' })
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
    const other = await writeSmallModel(join(folder, 'other'), { ...smallConfigs.dinov2, heads: 2 })
    const path = join(folder, 'out', 'small.onnx')
    const error = await thrownBy(() => exportModel(model, { path, format: 'onnx', attention: 'none', size: [70, 70], keepFailed: true }, () => Promise.resolve(checkOf(other)), context))
    expect(error).toMatchObject({ code: 'RUNTIME', message: expect.stringContaining(`within ${parityTolerance}`) as string, detail: { kept: `${path}.failed` } })
    expect([await readFile(path, 'utf8'), await readdir(join(folder, 'out')), await readdir(`${path}.failed`)]).toEqual(['the old one', ['small.onnx', 'small.onnx.failed'], ['small.onnx', 'small.parity.json']])
  })

  it.each(['onnx', 'safetensors'] as const)('when a folder has the name of the %s file', async (format) => {
    const folder = await temporaryFolder({ 'out/x/inside': '' })
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
    await expect(exported(model, join(folder, 'out', 'x'), { format })).rejects.toMatchObject({ code: 'DISK' })
    expect(await readdir(join(folder, 'out'))).toEqual(['x'])
  })

  it('when the parent is a file', async () => {
    const folder = await temporaryFolder({ file: '' })
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
    await expect(exported(model, join(folder, 'file', 'small.onnx'))).rejects.toMatchObject({ code: 'DISK', detail: { code: 'ENOTDIR' } })
  })

  it('when the weights are not those that the model was made with', async () => {
    const folder = await temporaryFolder()
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
    const bytes = await readFile(model.weights.path)
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    await writeFile(model.weights.path, bytes)
    await mkdir(join(folder, 'out'))
    await expect(exported(model, join(folder, 'out', 'small.onnx'))).rejects.toMatchObject({ code: 'MODEL_DAMAGED' })
    expect(await readdir(join(folder, 'out'))).toEqual([])
  })

  it('when it is cancelled while it is written', async () => {
    const folder = await temporaryFolder({ 'out/small.onnx': 'the old one' })
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
    const controller = new AbortController()
    const check = (): Promise<ModelCheck> => {
      controller.abort()
      return Promise.resolve(checkOf(model))
    }
    await expect(exportModel(model, { path: join(folder, 'out', 'small.onnx'), format: 'onnx', attention: 'cls', size: undefined }, check, { ...context, signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
    expect([await readdir(join(folder, 'out')), await readFile(join(folder, 'out', 'small.onnx'), 'utf8')]).toEqual([['small.onnx'], 'the old one'])
  })
})

describe('a safetensors file', () => {
  it('has the official names, its description, and comes back as the same model, heads and all', async () => {
    const folder = await temporaryFolder()
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.registers)
    const path = join(folder, 'small.safetensors')
    const { files, parity } = await exported(model, path, { format: 'safetensors' })
    const back = await importModel({ source: path, modelsFolder: join(folder, 'models') }, context)
    expect([files, parity, back.manifest.config, back.manifest.trained, back.manifest.weights.sha256]).toEqual([[path], [], model.manifest.config, false, model.manifest.weights.sha256])
  })

  it('whose weights have been changed is refused', async () => {
    const folder = await temporaryFolder()
    const model = await writeSmallModel(join(folder, 'model'), smallConfigs.dino)
    const path = join(folder, 'small.safetensors')
    await exported(model, path, { format: 'safetensors' })
    const bytes = await readFile(path)
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    await writeFile(path, bytes)
    await expect(importModel({ source: path, modelsFolder: join(folder, 'models') }, context)).rejects.toMatchObject({ code: 'MODEL_DAMAGED' })
  })
})

describe('an ONNX file is not imported', () => {
  let whole: string
  beforeAll(async () => {
    whole = await mkdtemp(join(tmpdir(), 'dinoscope-whole-'))
    await exported(await writeSmallModel(join(whole, 'model'), smallConfigs.dino), join(whole, 'small.onnx'), { size: [8, 8] })
  })
  afterAll(async () => {
    await rm(whole, { recursive: true, force: true })
  })

  const altered = async (alter: (model: OnnxModel) => OnnxModel, data?: string): Promise<unknown> => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'altered.onnx'), encodeModel(alter(await decoded(join(whole, 'small.onnx')))))
    if (data !== undefined) await copyFile(join(whole, 'model', 'model.safetensors'), join(folder, data))
    return thrownBy(() => importModel({ source: join(folder, 'altered.onnx'), modelsFolder: join(folder, 'models') }, context))
  }
  const withWeights = (location: string, offset: number) => (model: OnnxModel): OnnxModel => ({
    ...model,
    graph: { ...model.graph, initializers: model.graph.initializers.map((tensor) => (tensor.name === 'cls_token' ? { ...tensor, data: { location, offset, length: tensor.data.length } } : tensor)) },
  })

  it('when another program made it', async () => {
    expect(await altered((model) => ({ ...model, producer: 'pytorch' }))).toMatchObject({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('an ONNX file of another maker') as string })
  })

  it('when its description is missing or broken', async () => {
    expect(await altered((model) => ({ ...model, metadata: {} }))).toMatchObject({ code: 'MODEL_UNSUPPORTED' })
    expect(await altered((model) => ({ ...model, metadata: { 'dinoscope.model': '{"schema":1}' } }))).toMatchObject({ code: 'MODEL_DAMAGED' })
  })

  it.each(['../model/model.safetensors', '/etc/hosts', 'model/model.safetensors', '.hidden.onnx.data', 'small.onnx', ''])('when it points to %j', async (location) => {
    expect(await altered(withWeights(location, 0))).toMatchObject({ code: 'MODEL_TENSOR', detail: { tensor: 'cls_token' } })
  })

  it('when it points beyond the end of the file beside', async () => {
    expect(await altered(withWeights('x.onnx.data', 10 ** 9), 'x.onnx.data')).toMatchObject({ code: 'MODEL_TENSOR', message: expect.stringContaining('lies at bytes') as string })
    expect(await altered(withWeights('x.onnx.data', -1), 'x.onnx.data')).toMatchObject({ code: 'MODEL_TENSOR' })
  })

  it('when its weights are others, too few or missing', async () => {
    expect(await altered(withWeights('x.onnx.data', 1000), 'x.onnx.data')).toMatchObject({ code: 'MODEL_DAMAGED' })
    expect(await altered((model) => ({ ...model, graph: { ...model.graph, initializers: model.graph.initializers.map((tensor) => (tensor.name === 'cls_token' ? { ...tensor, data: new Uint8Array(4) } : tensor)) } }))).toMatchObject({ code: 'MODEL_TENSOR' })
    expect(await altered((model) => ({ ...model, graph: { ...model.graph, initializers: model.graph.initializers.filter(({ name }) => name !== 'cls_token') } }))).toMatchObject({ code: 'MODEL_KEYS', detail: { missing: ['cls_token'] } })
  })

  it('when it is cut short', async () => {
    const folder = await temporaryFolder()
    const bytes = await readFile(join(whole, 'small.onnx'))
    for (const length of [0, 10, 1000, bytes.length >> 1, bytes.length - 1]) {
      await writeFile(join(folder, 'short.onnx'), bytes.subarray(0, length))
      expect(await thrownBy(() => importModel({ source: join(folder, 'short.onnx'), modelsFolder: join(folder, 'models') }, context))).toMatchObject({ code: 'MODEL_HEADER' })
    }
  })
})
