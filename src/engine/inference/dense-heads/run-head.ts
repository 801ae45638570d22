/** @file A dense head at work: tokens of a picture's blocks in, depth in metres or classes out. */
import { EngineError, layerCountFor, readsNormed, tokenLengthsOf } from '../../contract'
import { buildModel, input, parameter, type BuiltModel, type Value } from '../../graph'
import { classLogits, dptDepth, linearDepth, parametersFrom, resizeMaps, type DenseHeadConfig, type LayerTokens } from '../../nn'
import { add, argMax, cast, clip, matMul, reshape } from '../../ops'
import type { Runtime, Session } from '../../runtime'
import type { Tensor } from '../../tensor'
import { givesOf, layersOf, type HeadDraft, type HeadManifest, type HeadTensors } from '../../weights'
import type { Backbone, BackboneConfig, PatchBatch, PatchGrid } from '../backbone'

/** A head of a workspace, or one that was only read from its file. */
export interface OpenedHead<M extends HeadDraft = HeadManifest> {
  readonly manifest: M
  /** @throws EngineError BAD_REQUEST for a backbone with tokens of another length, fewer blocks than it reads, or that does not give those blocks */
  requireFit(config: BackboneConfig): void
  /**
   * What the head says of the first picture of a batch, at `height` × `width`: metres or class numbers, float32 [height, width].
   * @throws EngineError as {@link requireFit}, RUNTIME
   */
  predict(backbone: Backbone, batch: PatchBatch, height: number, width: number): Promise<Float32Array>
  dispose(): Promise<void>
}

/** Graphs of sizes that were asked for last. */
const keptSessions = 2

/** Blocks that a head reads of a backbone. @throws EngineError BAD_REQUEST naming both lengths, or what is not there to be read */
function layersFor({ layerCount, ...head }: HeadDraft, config: BackboneConfig): readonly number[] {
  const { dim, depth } = config
  const tokens = { ...head, layers: { length: layerCount } }
  const gives = givesOf(config)
  const count = layerCountFor(tokens, { dim, depth, gives })
  if (count !== undefined) return layersOf(count, gives.inside ? depth : 1)
  const lengths = tokenLengthsOf(tokens)
  const foreign = 'this model is an ONNX graph of another maker, which gives'
  const fewer = gives.patches ? `reads several blocks, or tokens before the final norm; ${foreign} its last tokens alone` : `reads tokens of patches; ${foreign} one vector of each picture`
  const missing = gives.inside ? `reads more blocks than the ${depth} of this model` : fewer
  const why = lengths.includes(dim) ? missing : `was made for tokens of ${lengths.join(' or ')} numbers; those of this model have ${dim}`
  throw new EngineError('BAD_REQUEST', `the head ${JSON.stringify(head.name)} ${why}. Choose a model that it was made for`, { detail: { dim: head.dim, tokenDim: dim } })
}

/** What no output needs is no input of a graph. */
const readsCls = ({ architecture }: DenseHeadConfig): boolean => architecture === 'linear' || architecture === 'dpt'

function headMaps(config: DenseHeadConfig, tensors: HeadTensors, layers: readonly LayerTokens<Value>[], { height, width }: PatchGrid): Value {
  const parameters = parametersFrom(new Map(Array.from(tensors, ([name, { shape }]) => [name, parameter(name, 'float32', shape)])), 'this head')
  switch (config.architecture) {
    case 'linear':
      return clip(linearDepth(config, parameters, layers, height, width), config.minDepth, config.maxDepth)
    case 'dpt':
      return clip(dptDepth(config, parameters, layers, height, width), config.minDepth, config.maxDepth)
    case 'bn-linear':
      return classLogits(parameters, layers, height, width)
    case 'regression': {
      const [first] = layers
      if (first === undefined) throw new EngineError('INTERNAL', 'a head reads at least one layer')
      const depth = add(matMul(first.patches, reshape(parameters('weight'), [config.dim, 1])), parameters('bias'))
      return clip(reshape(depth, [1, 1, height, width]), config.minDepth, config.maxDepth)
    }
  }
}

/**
 * The graph of a head over pictures of one grid. Depths are put between their bounds before they are resized, as the reference does.
 * Source: dinov2/hub/depth/encoder_decoder.py:51-65.
 */
export function headModel(config: DenseHeadConfig, tensors: HeadTensors, grid: PatchGrid, height: number, width: number): BuiltModel {
  const patches = grid.height * grid.width
  const layers = config.layers.map((_, index) => ({ patches: input(`patches_${index}`, 'float32', [patches, config.dim]), cls: input(`cls_${index}`, 'float32', [1, config.dim]) }))
  const maps = resizeMaps(headMaps(config, tensors, layers, grid), height, width, false)
  const result = config.kind === 'depth' ? maps : cast(argMax(maps, 1), 'float32')
  return buildModel('denseHead', { map: reshape(result, [height, width]) }, (name) => {
    const { data } = tensors.get(name)!
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  })
}

interface KeptSession {
  readonly session: Promise<Session>
  /** Pictures at work in it now; it stays open while there are any. */
  runs: number
}

/** Opens nothing until it is first asked. */
export function openHead<M extends HeadDraft>(runtime: Runtime, manifest: M, tensors: HeadTensors): OpenedHead<M> {
  const kept = new Map<string, KeptSession>()
  const release = async ({ session }: KeptSession): Promise<void> => session.then((open) => open.release()).catch(() => undefined)
  /** Closes those asked for longest ago and not at work. */
  const trim = async (): Promise<void> => {
    for (const [key, entry] of kept) {
      if (kept.size <= keptSessions) return
      if (entry.runs > 0) continue
      kept.delete(key)
      await release(entry)
    }
  }
  const run = async (config: DenseHeadConfig, grid: PatchGrid, height: number, width: number, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> => {
    const key = [config.dim, config.layers.join(), grid.height, grid.width, height, width].join(' ')
    const entry = kept.get(key) ?? { session: runtime.open(headModel(config, tensors, grid, height, width), { weightsFolder: undefined }), runs: 0 }
    kept.delete(key)
    kept.set(key, entry)
    entry.runs++
    try {
      return await (await entry.session).run(feeds)
    } catch (error) {
      if (kept.get(key) === entry && entry.runs === 1) {
        kept.delete(key)
        void release(entry)
      }
      throw error
    } finally {
      entry.runs--
      await trim()
    }
  }
  return {
    manifest,
    requireFit: (config) => void layersFor(manifest, config),
    predict: async (backbone, batch, height, width) => {
      const { dim, registers } = backbone.config
      const { kind, architecture, minDepth = 0, maxDepth = Infinity, classes } = manifest
      const layers = layersFor(manifest, backbone.config)
      const config: DenseHeadConfig = { kind, architecture, dim, layers, minDepth, maxDepth: Math.min(maxDepth, 3.4e38), classes: classes.length }
      const tokens = await backbone.intermediate(batch, layers, readsNormed(config))
      const patches = batch.grid.height * batch.grid.width
      const feeds: Record<string, Tensor> = {}
      tokens.forEach((all, index) => {
        if (readsCls(config)) feeds[`cls_${index}`] = { dtype: 'float32', shape: [1, dim], data: all.slice(0, dim) }
        feeds[`patches_${index}`] = { dtype: 'float32', shape: [patches, dim], data: all.slice((1 + registers) * dim, (1 + registers + patches) * dim) }
      })
      const { map } = await run(config, batch.grid, height, width, feeds)
      if (map?.dtype !== 'float32') throw new EngineError('RUNTIME', 'the runtime gave no map of the head')
      return map.data as Float32Array
    },
    dispose: async () => {
      const all = [...kept.values()]
      kept.clear()
      for (const entry of all) await release(entry)
    },
  }
}
