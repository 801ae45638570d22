/** @file What one run of the step graph is fed: crops, masks, and which pictures stochastic depth leaves out, all from (seed, step, run). */
import { keptCount, keptInput } from '../../nn'
import { randomStreamAt, type RandomStream, type Tensor } from '../../tensor'
import { stepMasks, type MaskOptions } from '../masking'
import { gridOf, type StepFeeds, type StepSpec } from '../step'
import { blockDropRate, blockKeptRows, studentGroups } from './step-plan'

/** One run within a run of training. */
export interface RunPosition {
  readonly seed: number
  readonly step: number
  /** Run within the step, from 0. */
  readonly micro: number
}

/** `groups`: global and local patch rows as the loader gives them. */
export function stepFeeds(spec: StepSpec, masks: MaskOptions | undefined, groups: readonly Float32Array[], position: RunPosition): StepFeeds {
  return { ...cropFeeds(spec, groups), ...(masks === undefined ? {} : maskFeeds(spec, masks, position)), ...keptFeeds(spec, position) }
}

function cropFeeds(spec: StepSpec, [global, local]: readonly Float32Array[]): StepFeeds {
  const rows = (data: Float32Array, crops: number, size: number): Tensor<'float32'> => ({
    dtype: 'float32',
    shape: [crops * spec.batch, gridOf(spec, size) ** 2, 3 * spec.config.patchSize ** 2],
    data,
  })
  return {
    ...(global === undefined ? {} : { global: rows(global, 2, spec.globalSize) }),
    ...(local === undefined ? {} : { local: rows(local, spec.localCrops, spec.localSize) }),
  }
}

/**
 * Masked positions, padded to the graph's fixed number of rows with patches that are not masked, at weight 0: rows whose
 * gradients are added must be different ones, or two threads may add to one at once.
 */
function maskFeeds({ maskedRows }: StepSpec, options: MaskOptions, { seed, step, micro }: RunPosition): StepFeeds {
  const { masks, indices, weights } = stepMasks(options, seed, step, micro)
  const padded = (valueAt: (index: number) => number): Float32Array => Float32Array.from({ length: maskedRows }, (_, index) => (index < indices.length ? valueAt(index) : 0))
  const positions = [...indices, ...[...masks.keys()].filter((position) => masks[position] === 0)]
  return {
    masks: { dtype: 'bool', shape: [options.crops, options.grid.height * options.grid.width], data: masks },
    'masked.indices': { dtype: 'int64', shape: [maskedRows], data: BigInt64Array.from({ length: maskedRows }, (_, index) => BigInt(positions[index] ?? 0)) },
    'masked.weights': { dtype: 'float32', shape: [maskedRows, 1], data: padded((index) => weights[index] ?? 0) },
    'masked.counted': { dtype: 'float32', shape: [maskedRows, 1], data: padded(() => 1) },
  }
}

function keptFeeds(spec: StepSpec, { seed, step, micro }: RunPosition): StepFeeds {
  const feeds: Record<string, Tensor> = {}
  for (let block = 0; block < spec.config.depth; block++) {
    const rate = blockDropRate(spec, block)
    if (rate === 0) continue
    const random = randomStreamAt(seed, 'dropPath', step, micro, block)
    feeds[keptInput(block)] = spec.dropPath.kind === 'per-sample' ? perSample(spec, rate, random) : batchSubset(spec, block, rate, random)
  }
  return feeds
}

/** 0, or 1 / (1 - rate), for every row of a picture; float32 [2, rows, 1]. Source: dino/vision_transformer.py:21-33. */
function perSample(spec: StepSpec, rate: number, random: RandomStream): Tensor<'float32'> {
  const groups = studentGroups(spec)
  const rows = groups.reduce((total, { batch, tokens }) => total + batch * tokens, 0)
  const data = new Float32Array(2 * rows)
  let at = 0
  for (let branch = 0; branch < 2; branch++)
    for (const { batch, tokens } of groups)
      for (let picture = 0; picture < batch; picture++, at += tokens) data.fill(random.uniform() < rate ? 0 : 1 / (1 - rate), at, at + tokens)
  return { dtype: 'float32', shape: [2, rows, 1], data }
}

/** Rows of pictures drawn without replacement from each group; int64 [2, kept rows]. Source: dinov2/layers/block.py:116-130. */
function batchSubset(spec: StepSpec, block: number, rate: number, random: RandomStream): Tensor<'int64'> {
  const kept = blockKeptRows(spec, block)
  const data = new BigInt64Array(2 * kept)
  let at = 0
  for (let branch = 0; branch < 2; branch++) {
    let start = 0
    for (const { batch, tokens } of studentGroups(spec)) {
      for (const picture of drawn(batch, keptCount(batch, rate), random)) for (let token = 0; token < tokens; token++) data[at++] = BigInt(start + picture * tokens + token)
      start += batch * tokens
    }
  }
  return { dtype: 'int64', shape: [2, kept], data }
}

/** `count` of 0 to `total` - 1 by chance, the beginning of a Fisher-Yates shuffle. */
function drawn(total: number, count: number, random: RandomStream): number[] {
  const order = Array.from({ length: total }, (_, index) => index)
  for (let index = 0; index < count; index++) {
    const other = index + Math.floor(random.uniform() * (total - index))
    ;[order[index], order[other]] = [order[other] ?? 0, order[index] ?? 0]
  }
  return order.slice(0, count)
}
