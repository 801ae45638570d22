/** @file A model ready to look at pictures: its graphs built over weights that stay in their file or are rounded on the way, its sessions opened when first needed. */
import { buildModel, input, type BuiltModel, type ParameterData, type Value } from '../graph'
import { clsOf, meanPatchOf, parametersFrom, patchTokensOf, positionWeights, visionTransformer, vitParameters, vitParameterValues, type Parameters, type VitConfig } from '../nn'
import { sumSquares, type AttentionForm } from '../ops'
import type { Runtime, Session } from '../runtime'
import type { Tensor } from '../tensor'
import { EngineError, type Precision } from '../contract'
import { basename, dirname } from 'node:path'
import type { ModelManifest, OnnxConfig, OnnxModelFolder, SafetensorsIndex, VitManifest, VitModelFolder } from '../weights'
import { foreignBackbone } from './foreign-backbone'
import { isPictureByPicture, requirePrecision, withPrecision } from './precision'
import { joined, picturesOf, type Results } from './run-parts'

/** Patches down and across. */
export interface PatchGrid {
  readonly height: number
  readonly width: number
}

/** Pictures of one size as rows of pixels: float32 `[count, grid.height·grid.width, 3·p²]`. */
export interface PatchBatch {
  readonly count: number
  readonly grid: PatchGrid
  readonly patches: Float32Array
}

export interface PooledTokens {
  /** float32 `[count, dim]`, after the final norm. */
  readonly cls: Float32Array
  /** Mean of the patch tokens, float32 `[count, dim]`. */
  readonly mean: Float32Array
}

export interface PatchedTokens extends PooledTokens {
  /** float32 `[count, patches, dim]`, after the final norm; neither CLS nor registers among them. */
  readonly patches: Float32Array
}

export interface DenseTokens {
  /** float32 `[count, 1 + registers + patches, dim]`, after the final norm. */
  readonly tokens: Float32Array
  /** For each block, the attention of the query tokens: float32 `[count, heads, queries, tokens]`. */
  readonly attention: readonly Float32Array[]
  /** Length of each token before the final norm, which would hide it: float32 `[count, 1 + registers + patches]`. */
  readonly lengths: Float32Array
  /** Time of the run itself, without loading the model, milliseconds. */
  readonly modelMs: number
}

/** Sizes of a network that pictures are looked through, whatever computes it. */
export type BackboneConfig = VitConfig | OnnxConfig

type Described = 'id' | 'name' | 'config' | 'preprocessing' | 'trained' | 'weights'

interface Computed {
  /** What its linear layers are computed in; fp32 where it is not said. */
  readonly precision?: Precision
}

/** What looking at pictures needs to know of a model. */
export interface BackboneDescription extends Pick<ModelManifest, Described>, Computed {}
interface VitDescription extends Pick<VitManifest, Described>, Computed {}

export interface Backbone {
  readonly manifest: BackboneDescription
  readonly config: BackboneConfig
  /** @throws EngineError RUNTIME */
  embed(batch: PatchBatch): Promise<PooledTokens>
  /** {@link Backbone.embed} with the patch tokens of the same run. @throws EngineError RUNTIME */
  embedPatches(batch: PatchBatch): Promise<PatchedTokens>
  /** `queries` are token indices: 0 is CLS. @throws EngineError RUNTIME */
  look(batch: PatchBatch, queries: readonly number[]): Promise<DenseTokens>
  /** Keys of the patches in the last block, heads side by side: float32 `[count, patches, dim]`. What objects are found by. @throws EngineError RUNTIME, MODEL_UNSUPPORTED where a model gives none */
  keys(batch: PatchBatch): Promise<Float32Array>
  /**
   * Tokens of some blocks, from 0: for each, float32 `[1 + registers + patches, dim]` of the first picture, before the final norm or after it.
   * @throws EngineError RUNTIME, MODEL_UNSUPPORTED where a model does not give them
   */
  intermediate(batch: PatchBatch, layers: readonly number[], normed: boolean): Promise<readonly Float32Array[]>
  dispose(): Promise<void>
}

interface GraphInputs {
  readonly patches: Value
  readonly rows: Value
  readonly columns: Value
}

function graphInputs({ patchSize, positionGrid }: VitConfig): GraphInputs {
  return {
    patches: input('patches', 'float32', ['batch', 'h*w', 3 * patchSize * patchSize]),
    rows: input('rows', 'float32', ['h', positionGrid]),
    columns: input('columns', 'float32', ['w', positionGrid]),
  }
}

/** Where a backbone's weights are: in a file that the runtime maps, or in memory that is fed with every run. */
interface BackboneWeights {
  readonly values: Parameters
  readonly data: ParameterData
  /** The file, where there is one. */
  readonly index: SafetensorsIndex | undefined
  readonly feeds: Readonly<Record<string, Tensor>>
}

/** Weights of the element types in the file, which stay there. */
function fileWeights(config: VitConfig, weights: SafetensorsIndex): BackboneWeights {
  const location = (name: string) => {
    const found = weights.tensors.get(name)
    if (found === undefined) throw new EngineError('MODEL_KEYS', `${weights.path} has no tensor ${name}`)
    return found
  }
  return {
    values: vitParameterValues(config, (name) => location(name).dtype),
    data: (name) => {
      const { offset, byteLength } = location(name)
      return { location: basename(weights.path), offset, length: byteLength }
    },
    index: weights,
    feeds: {},
  }
}

/** Weights that change between runs: graph inputs under their names. */
function liveWeights(config: VitConfig, tensors: ReadonlyMap<string, Tensor<'float32'>>): BackboneWeights {
  const names = vitParameters(config).map(({ name }) => name)
  const tensor = (name: string): Tensor<'float32'> => {
    const found = tensors.get(name)
    if (found === undefined) throw new EngineError('MODEL_KEYS', `the weights have no tensor ${name}`)
    return found
  }
  return {
    values: parametersFrom(new Map(names.map((name) => [name, input(name, 'float32', tensor(name).shape)])), 'a ViT of this configuration'),
    data: (name) => {
      throw new EngineError('INTERNAL', `${name} is fed, not stored`)
    },
    index: undefined,
    feeds: Object.fromEntries(names.map((name) => [name, tensor(name)])),
  }
}

type Outputs = Readonly<Record<string, Value>>

/** The graph behind embeddings: pictures in, pooled tokens out. */
function embedGraph(config: VitConfig, { values }: BackboneWeights, form: AttentionForm): Outputs {
  const inputs = graphInputs(config)
  const { tokens } = visionTransformer(config, values, inputs, form)
  return { cls: clsOf(tokens), mean: meanPatchOf(config, tokens, inputs.patches) }
}

/** {@link embedGraph} that gives the patch tokens too: 300 times as many numbers, which only some want. */
function embedPatchesGraph(config: VitConfig, { values }: BackboneWeights, form: AttentionForm): Outputs {
  const inputs = graphInputs(config)
  const { tokens } = visionTransformer(config, values, inputs, form)
  return { cls: clsOf(tokens), mean: meanPatchOf(config, tokens, inputs.patches), patchTokens: patchTokensOf(config, tokens, inputs.patches) }
}

/** The graph behind the inspector: all tokens, and the attention of chosen query tokens in every block. */
function lookGraph(config: VitConfig, { values }: BackboneWeights, form: AttentionForm): Outputs {
  const inputs = graphInputs(config)
  const queries = input('queries', 'int64', ['queries'])
  const { tokens, blocks } = visionTransformer(config, values, inputs, form)
  const attention = blocks.map((block, index) => [attentionName(index), block.attention(queries)] as const)
  const squares = sumSquares(blocks.at(-1)?.tokens ?? tokens, -1)
  return { tokens, squares, ...Object.fromEntries(attention) }
}

/** The graph behind finding objects: the keys of the last block, which needs no attention of that block and nothing after it. */
function keysGraph(config: VitConfig, { values }: BackboneWeights, form: AttentionForm): Outputs {
  const inputs = graphInputs(config)
  const last = visionTransformer(config, values, inputs, form).blocks.at(-1)
  if (last === undefined) throw new EngineError('INTERNAL', 'a transformer without blocks has no keys')
  return { keys: patchTokensOf(config, last.keys(), inputs.patches) }
}

/** The graph behind dense heads: tokens of chosen blocks. */
function intermediateGraph(config: VitConfig, { values }: BackboneWeights, form: AttentionForm, layers: readonly number[], normed: boolean): Outputs {
  const { blocks, norm } = visionTransformer(config, values, graphInputs(config), form)
  const outputs = layers.map((layer) => {
    const block = blocks[layer]
    if (block === undefined) throw new EngineError('INTERNAL', `block ${layer} is outside 0 to ${config.depth - 1}`)
    return [`block_${layer}`, normed ? norm(block.tokens) : block.tokens] as const
  })
  return Object.fromEntries(outputs)
}

/** {@link embedGraph} over the weights of a file. */
export function embedModel(config: VitConfig, weights: SafetensorsIndex, form: AttentionForm): BuiltModel {
  const stored = fileWeights(config, weights)
  return buildModel('embed', embedGraph(config, stored, form), stored.data)
}

/** {@link lookGraph} over the weights of a file. */
export function lookModel(config: VitConfig, weights: SafetensorsIndex, form: AttentionForm): BuiltModel {
  const stored = fileWeights(config, weights)
  return buildModel('look', lookGraph(config, stored, form), stored.data)
}

function attentionName(block: number): string {
  return `attention_${block}`
}

function float32(results: Results, name: string): Float32Array {
  const result = results[name]
  if (result?.dtype !== 'float32') throw new EngineError('RUNTIME', `the runtime gave no float32 result ${name}`)
  return result.data as Float32Array
}

/** A model whose description may say what it is computed in. */
export interface DescribedModel extends Pick<VitModelFolder, 'weights'> {
  readonly manifest: VitDescription
}

/**
 * Makes a backbone of a model folder. Nothing is loaded until it is first used.
 * @throws EngineError BAD_REQUEST for a precision that the provider does not compute in
 */
export function loadBackbone(runtime: Runtime, model: DescribedModel | OnnxModelFolder): Backbone {
  if ('graph' in model) return foreignBackbone(runtime, model)
  const { manifest, weights } = model
  requirePrecision(runtime, manifest.precision)
  return openBackbone(runtime, manifest, fileWeights(manifest.config, weights))
}

/** Makes a backbone of weights in memory, by checkpoint name: every run sees them as they are then, so they may go on learning. */
export function liveBackbone(runtime: Runtime, manifest: VitDescription, tensors: ReadonlyMap<string, Tensor<'float32'>>): Backbone {
  return openBackbone(runtime, manifest, liveWeights(manifest.config, tensors))
}

function openBackbone(runtime: Runtime, manifest: VitDescription, weights: BackboneWeights): Backbone {
  const { config, precision = 'fp32' } = manifest
  const opened: Promise<Session>[] = []
  const open = async (name: string, outputs: Outputs): Promise<Session> => {
    const model = buildModel(name, await withPrecision(outputs, precision, weights.index), weights.data)
    return runtime.open(model, { weightsFolder: weights.index && dirname(weights.index.path) })
  }
  const lazily = (name: string, outputs: () => Outputs) => {
    let session: Promise<Session> | undefined
    return (): Promise<Session> => {
      if (session === undefined) {
        session = open(name, outputs())
        opened.push(session)
      }
      return session
    }
  }
  const embedSession = lazily('embed', () => embedGraph(config, weights, runtime.attention))
  const embedPatchesSession = lazily('embedPatches', () => embedPatchesGraph(config, weights, runtime.attention))
  const lookSession = lazily('look', () => lookGraph(config, weights, runtime.attention))
  const intermediateSessions = new Map<string, () => Promise<Session>>()
  const keysSession = lazily('keys', () => keysGraph(config, weights, runtime.attention))
  const feeds = ({ count, grid, patches }: PatchBatch): Readonly<Record<string, Tensor>> => ({
    ...weights.feeds,
    patches: { dtype: 'float32', shape: [count, grid.height * grid.width, 3 * config.patchSize ** 2], data: patches } as const,
    ...positionWeights(config.positionGrid, grid, config.positionInterpolation),
  })
  const run = async (session: Session, batch: PatchBatch, more: Readonly<Record<string, Tensor>> = {}): Promise<Results> => {
    if (!isPictureByPicture(precision) || batch.count === 1) return session.run({ ...feeds(batch), ...more })
    const results: Results[] = []
    for (const picture of picturesOf(batch)) results.push(await session.run({ ...feeds(picture), ...more }))
    return joined(results)
  }
  return {
    manifest,
    config,
    embed: async (batch) => {
      const results = await run(await embedSession(), batch)
      return { cls: float32(results, 'cls'), mean: float32(results, 'mean') }
    },
    embedPatches: async (batch) => {
      const results = await run(await embedPatchesSession(), batch)
      return { cls: float32(results, 'cls'), mean: float32(results, 'mean'), patches: float32(results, 'patchTokens') }
    },
    look: async (batch, queries) => {
      const indices: Tensor<'int64'> = { dtype: 'int64', shape: [queries.length], data: BigInt64Array.from(queries, BigInt) }
      const session = await lookSession()
      const started = performance.now()
      const results = await run(session, batch, { queries: indices })
      const modelMs = performance.now() - started
      return {
        modelMs,
        tokens: float32(results, 'tokens'),
        lengths: float32(results, 'squares').map(Math.sqrt),
        attention: Array.from({ length: config.depth }, (_, block) => float32(results, attentionName(block))),
      }
    },
    keys: async (batch) => float32(await run(await keysSession(), batch), 'keys'),
    intermediate: async (batch, layers, normed) => {
      const key = `${normed ? 'normed ' : ''}${layers.join()}`
      const ofLayers = intermediateSessions.get(key) ?? lazily('intermediate', () => intermediateGraph(config, weights, runtime.attention, layers, normed))
      intermediateSessions.set(key, ofLayers)
      const results = await run(await ofLayers(), batch)
      return layers.map((layer) => float32(results, `block_${layer}`))
    },
    dispose: async () => {
      const sessions = await Promise.allSettled(opened.splice(0))
      for (const session of sessions) if (session.status === 'fulfilled') await session.value.release()
    },
  }
}
