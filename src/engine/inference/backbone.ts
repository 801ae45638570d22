/** @file A model ready to look at pictures: its graphs built over weights that stay in their file, its sessions opened when first needed. */
import { buildModel, input, type BuiltModel, type Value } from '../graph'
import { clsOf, meanPatchOf, positionWeights, visionTransformer, vitParameterValues, type VitConfig } from '../nn'
import type { AttentionForm } from '../ops'
import type { Runtime, Session } from '../runtime'
import type { Tensor } from '../tensor'
import { EngineError } from '../contract'
import { basename, dirname } from 'node:path'
import type { ModelFolder, ModelManifest, SafetensorsIndex } from '../weights'

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

export interface DenseTokens {
  /** float32 `[count, 1 + registers + patches, dim]`, after the final norm. */
  readonly tokens: Float32Array
  /** For each block, the attention of the query tokens: float32 `[count, heads, queries, tokens]`. */
  readonly attention: readonly Float32Array[]
  /** Time of the run itself, without loading the model, milliseconds. */
  readonly modelMs: number
}

export interface Backbone {
  readonly manifest: ModelManifest
  readonly config: VitConfig
  /** @throws EngineError RUNTIME */
  embed(batch: PatchBatch): Promise<PooledTokens>
  /** `queries` are token indices: 0 is CLS. @throws EngineError RUNTIME */
  look(batch: PatchBatch, queries: readonly number[]): Promise<DenseTokens>
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

/** Parameters of `config` as values of the element types in the file, and where the file keeps them. */
function weightsOf(config: VitConfig, weights: SafetensorsIndex) {
  const location = (name: string) => {
    const found = weights.tensors.get(name)
    if (found === undefined) throw new EngineError('MODEL_KEYS', `${weights.path} has no tensor ${name}`)
    return found
  }
  return {
    values: vitParameterValues(config, (name) => location(name).dtype),
    data: (name: string) => {
      const { offset, byteLength } = location(name)
      return { location: basename(weights.path), offset, length: byteLength }
    },
  }
}

/** The graph behind embeddings: pictures in, pooled tokens out. */
export function embedModel(config: VitConfig, weights: SafetensorsIndex, form: AttentionForm): BuiltModel {
  const inputs = graphInputs(config)
  const { values, data } = weightsOf(config, weights)
  const { tokens } = visionTransformer(config, values, inputs, form)
  return buildModel('embed', { cls: clsOf(tokens), mean: meanPatchOf(config, tokens, inputs.patches) }, data)
}

/** The graph behind the inspector: all tokens, and the attention of chosen query tokens in every block. */
export function lookModel(config: VitConfig, weights: SafetensorsIndex, form: AttentionForm): BuiltModel {
  const inputs = graphInputs(config)
  const queries = input('queries', 'int64', ['queries'])
  const { values, data } = weightsOf(config, weights)
  const { tokens, blocks } = visionTransformer(config, values, inputs, form)
  const attention = blocks.map((block, index) => [attentionName(index), block.attention(queries)] as const)
  return buildModel('look', { tokens, ...Object.fromEntries(attention) }, data)
}

function attentionName(block: number): string {
  return `attention_${block}`
}

function float32(results: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const result = results[name]
  if (result?.dtype !== 'float32') throw new EngineError('RUNTIME', `the runtime gave no float32 result ${name}`)
  return result.data as Float32Array
}

/** Makes a backbone of a model folder. Nothing is loaded until it is first used. */
export function loadBackbone(runtime: Runtime, { manifest, weights }: ModelFolder): Backbone {
  const { config } = manifest
  const weightsFolder = dirname(weights.path)
  const opened: Promise<Session>[] = []
  const lazily = (build: () => BuiltModel) => {
    let session: Promise<Session> | undefined
    return (): Promise<Session> => {
      if (session === undefined) {
        session = runtime.open(build(), weightsFolder)
        opened.push(session)
      }
      return session
    }
  }
  const embedSession = lazily(() => embedModel(config, weights, runtime.attention))
  const lookSession = lazily(() => lookModel(config, weights, runtime.attention))
  const feeds = ({ count, grid, patches }: PatchBatch) => ({
    patches: { dtype: 'float32', shape: [count, grid.height * grid.width, 3 * config.patchSize ** 2], data: patches } as const,
    ...positionWeights(config.positionGrid, grid, config.positionInterpolation),
  })
  return {
    manifest,
    config,
    embed: async (batch) => {
      const results = await (await embedSession()).run(feeds(batch))
      return { cls: float32(results, 'cls'), mean: float32(results, 'mean') }
    },
    look: async (batch, queries) => {
      const indices: Tensor<'int64'> = { dtype: 'int64', shape: [queries.length], data: BigInt64Array.from(queries, BigInt) }
      const session = await lookSession()
      const started = performance.now()
      const results = await session.run({ ...feeds(batch), queries: indices })
      const modelMs = performance.now() - started
      return {
        modelMs,
        tokens: float32(results, 'tokens'),
        attention: Array.from({ length: config.depth }, (_, block) => float32(results, attentionName(block))),
      }
    },
    dispose: async () => {
      const sessions = await Promise.allSettled(opened.splice(0))
      for (const session of sessions) if (session.status === 'fulfilled') await session.value.release()
    },
  }
}
