/** @file An engine made of invented numbers behind the real host, for tests of the page and for looking at it without an engine. */
import {
  connect,
  engineContract,
  EngineError,
  type Analysis,
  type AttentionMaps,
  type ClientPort,
  type Connection,
  type EngineContract,
  type Handlers,
  type HostMessage,
  type ClientMessage,
  type ImageEntry,
  type FolderInfo,
  type ModelInfo,
  type OnnxInspection,
  type RunInfo,
} from '../../src/engine/contract'
import { createHost, type Host } from '../../src/engine/host/host'
import { memoryPair } from '../../src/engine/link/memory'
import { createFakeCollection } from './fake-collection'
import { createFakeCompare } from './fake-compare'
import { fakePicture, fraction, progressOf, type FakePicture } from './fake-pictures'
import { fakeDense } from './fake-dense'
import { createFakePrecision } from './fake-precision'
import { createFakeStructure } from './fake-structure'
import { createFakeTraining, type FakeTraining } from './fake-training'

export { fakePicture, progressOf, type FakePicture } from './fake-pictures'

export interface FakeEngineOptions {
  readonly pictures?: readonly FakePicture[]
  readonly models?: readonly ModelInfo[]
  readonly runs?: readonly RunInfo[]
  /** Ids of models that all pictures have vectors of from the beginning. */
  readonly embedded?: readonly string[]
  readonly folders?: readonly FolderInfo[]
  /** Waits between the steps of long work; none in tests. */
  readonly pause?: (milliseconds: number) => Promise<void>
  /** Handlers in place of the invented ones. */
  readonly handlers?: Partial<Handlers<EngineContract>>
}

export interface FakeEngine {
  readonly host: Host<EngineContract>
  readonly port: ClientPort
  readonly training: FakeTraining
  connect(): Connection<EngineContract>
}

export const fakeModel = (changes: Partial<ModelInfo> = {}): ModelInfo => ({
  id: 'demo',
  name: 'Untrained demo',
  origin: 'bundled',
  family: 'dinov2',
  architecture: 'ViT-Ti/14',
  gives: { patches: true, attention: true, inside: true },
  fixedSize: undefined,
  patchSize: 14,
  dim: 192,
  depth: 12,
  heads: 3,
  registers: 0,
  parameters: 5_526_000,
  sizeBytes: 22_100_000,
  description: 'Random weights that show how the program works. What it sees means nothing.',
  trained: false,
  importedFrom: undefined,
  unexpectedKeys: [],
  evaluation: { shortEdge: 256, crop: 224 },
  ...changes,
})

/** A graph with tokens and, by itself, the vector of CLS. */
export const fakeInspection = (changes: Partial<OnnxInspection> = {}): OnnxInspection => ({
  name: 'foreign',
  sizeBytes: 88_000_000,
  parameters: 22_000_000,
  inputs: [{ name: 'pixel_values', dtype: 'float32', shape: ['batch', 3, 'height', 'width'] }],
  outputs: [
    { name: 'last_hidden_state', dtype: 'float32', shape: ['batch', 'tokens', 384] },
    { name: 'pooler_output', dtype: 'float32', shape: ['batch', 384] },
  ],
  fixedSize: undefined,
  choices: [
    { output: 'last_hidden_state', form: 'tokens', dim: 384, leadingTokens: 1, patchSize: 16, blocks: 0, heads: 0 },
    { output: 'pooler_output', form: 'vector', dim: 384, leadingTokens: 0, patchSize: 224, blocks: 0, heads: 0 },
  ],
  proposal: { output: 'last_hidden_state', leadingTokens: 1, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], size: 224 },
  ...changes,
})

const entryOf = (picture: FakePicture): ImageEntry => ({
  id: picture.id,
  name: picture.relativePath.slice(picture.relativePath.lastIndexOf('/') + 1),
  relativePath: picture.relativePath,
  sizeBytes: picture.sizeBytes,
  modifiedMs: picture.modifiedMs,
})

interface Grid {
  readonly gridHeight: number
  readonly gridWidth: number
}

function blob({ gridHeight, gridWidth }: Grid, y: number, x: number, spread: number): Float32Array {
  return Float32Array.from({ length: gridHeight * gridWidth }, (_, patch) => {
    const dy = (Math.floor(patch / gridWidth) + 0.5) / gridHeight - y
    const dx = ((patch % gridWidth) + 0.5) / gridWidth - x
    return Math.exp(-(dx * dx + dy * dy) / (2 * spread * spread))
  })
}

function inventAttention(grid: Grid, seed: string, heads: number, layer: number, query: 'cls' | number): AttentionMaps {
  const patches = grid.gridHeight * grid.gridWidth
  const weights = new Float32Array(heads * patches)
  for (let head = 0; head < heads; head += 1) {
    const name = `${seed}/${head}/${layer}/${query}`
    const place = (axis: string): number => 0.25 + 0.5 * fraction(name + axis)
    const field = blob(grid, place('y'), place('x'), 0.1 + 0.12 * fraction(name)).map((value, patch) => value + 0.12 * fraction(`${name}#${patch}`))
    const sum = field.reduce((total, value) => total + value, 0)
    weights.set(field.map((value) => (0.9 * value) / sum), head * patches)
  }
  return { layer, query, heads, weights, patchShare: new Float32Array(heads).fill(0.9) }
}

function inventAnalysis(picture: FakePicture, model: ModelInfo, analysisId: string, short: number): Analysis {
  const scale = short / Math.min(picture.width, picture.height)
  const grid = {
    gridHeight: Math.max(1, Math.round((picture.height * scale) / model.patchSize)),
    gridWidth: Math.max(1, Math.round((picture.width * scale) / model.patchSize)),
  }
  const patches = grid.gridHeight * grid.gridWidth
  const subject = blob(grid, 0.5, 0.5, 0.22)
  const rgb = Uint8Array.from({ length: patches * 3 }, (_, index) => {
    const patch = Math.floor(index / 3)
    const angle = [1.7, 3.1, 4.4][index % 3] ?? 0
    return 128 + 120 * Math.sin(angle + 3 * (patch % grid.gridWidth) / grid.gridWidth + 2 * Math.floor(patch / grid.gridWidth) / grid.gridHeight)
  })
  return {
    analysisId,
    imageId: picture.id,
    modelId: model.id,
    inputHeight: grid.gridHeight * model.patchSize,
    inputWidth: grid.gridWidth * model.patchSize,
    ...grid,
    tiles: 1,
    layers: model.depth,
    heads: model.heads,
    extent: { left: 0, top: 0, width: 1, height: 1 },
    attention: inventAttention(grid, picture.id + model.id, model.heads, model.depth - 1, 'cls'),
    pca: {
      rgb,
      foreground: Uint8Array.from(subject, (value) => (value > 0.35 ? 1 : 0)),
      explained: [0.412, 0.187, 0.094],
      note: 'PCA of the foreground patches of this picture; signs fixed so that each component points to its largest weights.',
    },
    modelMs: 38.4,
    note: `Resized to short edge ${short} (bicubic), both edges rounded to multiples of ${model.patchSize}; the whole picture, no crop.`,
  }
}

/** Builds the engine; `port` is the page's end. */
export function createFakeEngine(options: FakeEngineOptions = {}): FakeEngine {
  const { pictures = [fakePicture('a.jpg'), fakePicture('b.jpg'), fakePicture('c.jpg')], pause = () => Promise.resolve() } = options
  let models = options.models ?? [fakeModel()]
  const analyses = new Map<string, Analysis>()
  let analysisCount = 0
  const training = createFakeTraining({
    ...(options.runs === undefined ? {} : { runs: options.runs }),
    pause,
    push: (run) => {
      host.push('runs.changed', run)
    },
    models: () => models,
    addModel: (model) => {
      models = [...models.filter(({ id }) => id !== model.id), model]
    },
    pictures: pictures.map(({ id }) => id),
  })

  const analysisOf = (analysisId: string): Analysis => {
    const analysis = analyses.get(analysisId)
    if (analysis === undefined) throw new EngineError('NOT_FOUND', `there is no analysis ${analysisId}`)
    return analysis
  }
  const modelOf = (modelId: string): ModelInfo => {
    const model = models.find((candidate) => candidate.id === modelId)
    if (model === undefined) throw new EngineError('NOT_FOUND', `there is no model ${modelId}`)
    return model
  }

  const collection = createFakeCollection({
    pictures,
    pause,
    modelOf,
    ...(options.embedded === undefined ? {} : { embedded: options.embedded }),
    ...(options.folders === undefined ? {} : { folders: options.folders }),
  })
  const structure = createFakeStructure({ pictures, pause })

  const handlers: Handlers<EngineContract> = {
    ...fakeDense,
    'engine.status': () =>
      Promise.resolve({
        version: '0.1.0',
        provider: 'cpu',
        providers: [
          { name: 'webgpu', ok: false, reason: 'No adapter was found: vkCreateInstance failed with VK_ERROR_INCOMPATIBLE_DRIVER.' },
          { name: 'cpu', ok: true, reason: 'A test graph ran and gave the right numbers.' },
        ],
        threads: 8,
        workspace: '/home/ada/.local/share/dinoscope',
        rssBytes: 412_000_000,
        heicSupported: false,
      }),
    'library.browse': ({ path = '/home/ada' }) =>
      Promise.resolve({
        path,
        parent: path === '/' ? undefined : path.slice(0, path.lastIndexOf('/')) || '/',
        directories: ['Documents', 'Pictures', 'Scans 2024', 'data'],
        imageCount: 12,
        modelFiles: ['dino_deitsmall16_pretrain.pth'],
      }),
    'library.samples': () => Promise.resolve({ path: '/opt/dinoscope/samples' }),
    'library.open': async ({ path }, { signal, emit }) => {
      if (path.includes('missing')) throw new EngineError('SOURCE_UNAVAILABLE', `${path}: the folder does not exist`)
      emit({ kind: 'opened', libraryId: `library of ${path}`, name: path.slice(path.lastIndexOf('/') + 1) })
      const step = Math.max(1, Math.ceil(pictures.length / 10))
      for (let from = 0; from < pictures.length; from += step) {
        signal.throwIfAborted()
        const batch = pictures.slice(from, from + step)
        emit({ kind: 'found', images: batch.map(entryOf) })
        emit({ kind: 'checked', checks: batch.filter(({ broken }) => broken === undefined).map(({ id, width, height }) => ({ id, width, height })) })
        for (const { id, relativePath, broken } of batch)
          if (broken !== undefined) emit({ kind: 'broken', id, problem: { relativePath, code: 'IMG_TRUNCATED', reason: broken } })
        emit(progressOf('Checking pictures', Math.min(pictures.length, from + step), pictures.length, 180))
        await pause(120)
      }
      return { libraryId: `library of ${path}`, images: pictures.length, broken: pictures.filter(({ broken }) => broken !== undefined).length, skipped: 0, gone: 0, offline: false }
    },
    'library.close': () => Promise.resolve(undefined),
    'image.render': () => Promise.reject(new EngineError('NOT_FOUND', 'pictures are served by the harness')),
    'models.list': () => Promise.resolve(models),
    'models.inspectOnnx': ({ path }) => Promise.resolve(path.includes('foreign') ? fakeInspection() : undefined),
    'models.import': async ({ path, name, onnx }, { signal, emit }) => {
      for (let part = 0; part < 10; part += 1) {
        signal.throwIfAborted()
        emit(progressOf('Reading tensors', part, 10))
        await pause(120)
      }
      if (onnx !== undefined && onnx.leadingTokens > 1) throw new EngineError('BAD_REQUEST', `${path}: with ${onnx.leadingTokens} leading tokens, the output leaves no square of patches; 1 would`)
      if (onnx === undefined && !path.endsWith('.pth'))
        throw new EngineError('MODEL_KEYS', `${path}: 3 tensors of ViT-S/16 are missing`, {
          detail: { missingKeys: ['norm.weight', 'norm.bias', 'cls_token'], unexpectedKeys: ['head.weight', 'head.bias'] },
        })
      const model = fakeModel({ id: path, name: name ?? path.slice(path.lastIndexOf('/') + 1), origin: 'imported', trained: true, importedFrom: path })
      models = [...models, model]
      return model
    },
    'models.remove': ({ modelId }) => {
      models = models.filter(({ id }) => id !== modelId)
      return Promise.resolve(undefined)
    },
    ...createFakePrecision(),
    'view.analyse': async ({ imageId, modelId, size }, { signal }) => {
      const model = modelOf(modelId)
      const picture = pictures.find(({ id }) => id === imageId)
      if (picture === undefined) throw new EngineError('NOT_FOUND', `there is no image ${imageId}`)
      if (picture.broken !== undefined) throw new EngineError('IMG_TRUNCATED', `${picture.relativePath}: ${picture.broken}`)
      await pause(300)
      signal.throwIfAborted()
      const short = size === 'native' ? Math.min(picture.width, picture.height) : size === 'evaluation' ? 224 : size
      const analysis = inventAnalysis(picture, model, `analysis ${++analysisCount}`, short)
      analyses.set(analysis.analysisId, analysis)
      host.push('engine.throughput', { modelId, imagesPerSecond: 26.1 })
      return analysis
    },
    'view.attention': ({ analysisId, layer, query }) => {
      const analysis = analysisOf(analysisId)
      return Promise.resolve(inventAttention(analysis, analysis.imageId + analysis.modelId, analysis.heads, layer, query))
    },
    'view.similarity': ({ analysisId, patch }) => {
      const grid = analysisOf(analysisId)
      const y = (Math.floor(patch / grid.gridWidth) + 0.5) / grid.gridHeight
      const x = ((patch % grid.gridWidth) + 0.5) / grid.gridWidth
      const mirrored = blob(grid, y, 1 - x, 0.14)
      return Promise.resolve({ patch, cosine: blob(grid, y, x, 0.16).map((value, index) => 0.1 + 0.9 * Math.max(value, 0.8 * (mirrored[index] ?? 0))) })
    },
    ...collection.handlers,
    ...structure.handlers,
    ...createFakeCompare({
      pictures,
      pause,
      patchesOf: (analysisId) => {
        const { gridHeight, gridWidth } = analysisOf(analysisId)
        return gridHeight * gridWidth
      },
    }),
    ...training.handlers,
    ...options.handlers,
  }

  const host = createHost(engineContract, handlers, (_name, argument) => argument)
  const [port, hostPort] = memoryPair<ClientMessage, HostMessage>()
  host.attach(hostPort)
  return { host, port, training, connect: () => connect(engineContract, port) }
}
