/** @file Which patches of the global crops the student does not see: DINOv2's block masks. */
import { randomStreamAt, type RandomStream } from '../tensor'

export interface MaskOptions {
  /** Global crops of a micro-batch: two for each image. */
  readonly crops: number
  /** Patches of a global crop. */
  readonly grid: { readonly height: number; readonly width: number }
  /** Share of the crops that are masked at all. */
  readonly sampleProbability: number
  /** Smallest and largest share of a masked crop's patches that are hidden. */
  readonly ratio: readonly [smallest: number, largest: number]
  /** Most patches that one block hides; see {@link largestBlock}. */
  readonly maxPatches: number
}

export interface BlockMasks {
  /** 1 where hidden, uint8 [crops, patches]. */
  readonly masks: Uint8Array
  /** Positions of the hidden patches in the flattened [crops · patches], ascending, int32 [count]. */
  readonly indices: Int32Array
  /** For each hidden patch 1 / (hidden patches of its crop), float32 [count]. */
  readonly weights: Float32Array
  readonly count: number
  /** No draw with these options hides more patches than this; a graph's buffers are made for it. */
  readonly upperBound: number
}

const smallestBlock = 4
const tries = 10
/** Height over width of a block lies between these, log-uniform. */
const aspects = [0.3, 1 / 0.3] as const

/** Most patches of one block for square crops of `imageSize` pixels: half the rows, as far as they go. Source: dinov2/train/train.py:181-185. */
export function largestBlock(imageSize: number, patchSize: number): number {
  return Math.floor((Math.floor((0.5 * imageSize) / patchSize) * imageSize) / patchSize)
}

/**
 * Masks of one micro-batch; they depend on (seed, step, microBatch) and the options alone.
 * The masked crops are as many as int(crops · sampleProbability). The i-th aims at int(N · U(p_i, p_i+1)) hidden patches,
 * with p evenly spaced over `ratio`, and the list is shuffled over all crops.
 * Source: dinov2/data/collate.py, dinov2/data/masking.py.
 */
export function blockMasks(options: MaskOptions, random: RandomStream): BlockMasks {
  const { crops, grid } = options
  const patches = grid.height * grid.width
  const bounds = strata(options)
  const list = Array.from({ length: crops }, (_, crop) => {
    const from = bounds[crop]
    const to = bounds[crop + 1]
    return from === undefined || to === undefined ? new Uint8Array(patches) : blockMask(Math.floor(patches * uniform(random, from, to)), options, random)
  })
  shuffle(list, random)
  const masks = new Uint8Array(crops * patches)
  for (const [crop, mask] of list.entries()) masks.set(mask, crop * patches)
  return { masks, ...hiddenPatches(masks, patches), upperBound: maskUpperBound(options) }
}

/** {@link blockMasks} of one micro-batch of one step, from its own random numbers. */
export function stepMasks(options: MaskOptions, seed: number, step: number, microBatch: number): BlockMasks {
  return blockMasks(options, randomStreamAt(seed, 'mask', step, microBatch))
}

/** Σ int(N · p_i+1): never exceeded by {@link blockMasks}. Source: dinov2/data/collate.py. */
export function maskUpperBound(options: MaskOptions): number {
  const patches = options.grid.height * options.grid.width
  return strata(options).slice(1).reduce((sum, bound) => sum + Math.floor(Math.fround(patches * bound)), 0)
}

/**
 * torch.linspace(...ratio, masked + 1), or nothing where no crop is masked. In float32 and from both ends as there:
 * int(N · p) of a p that is a hair below its value would be one less.
 */
function strata({ crops, sampleProbability, ratio: [smallest, largest] }: MaskOptions): readonly number[] {
  const masked = Math.floor(crops * sampleProbability)
  if (masked === 0) return []
  const start = Math.fround(smallest)
  const end = Math.fround(largest)
  const spacing = Math.fround(Math.fround(end - start) / masked)
  return Array.from({ length: masked + 1 }, (_, index) =>
    Math.fround(index < Math.floor((masked + 1) / 2) ? start + Math.fround(spacing * index) : end - Math.fround(spacing * (masked - index))),
  )
}

/** Blocks until `target` patches of [height, width] are hidden, or ten tries in a row hid none. */
function blockMask(target: number, { grid, maxPatches }: MaskOptions, random: RandomStream): Uint8Array {
  const mask = new Uint8Array(grid.height * grid.width)
  let hidden = 0
  while (hidden < target) {
    const added = addBlock(mask, grid, Math.min(target - hidden, maxPatches), random)
    if (added === 0) break
    hidden += added
  }
  return mask
}

/** Hides one block with at most `most` new patches; how many it hid, 0 when no try of ten fitted. */
function addBlock(mask: Uint8Array, grid: MaskOptions['grid'], most: number, random: RandomStream): number {
  for (let attempt = 0; attempt < tries; attempt++) {
    const area = uniform(random, smallestBlock, most)
    const aspect = Math.exp(uniform(random, Math.log(aspects[0]), Math.log(aspects[1])))
    const height = roundHalfEven(Math.sqrt(area * aspect))
    const width = roundHalfEven(Math.sqrt(area / aspect))
    if (width >= grid.width || height >= grid.height) continue
    const top = integer(random, grid.height - height)
    const left = integer(random, grid.width - width)
    const cells = Array.from({ length: height * width }, (_, cell) => (top + Math.floor(cell / width)) * grid.width + left + (cell % width))
    const fresh = cells.filter((cell) => mask[cell] === 0)
    if (fresh.length === 0 || fresh.length > most) continue
    for (const cell of fresh) mask[cell] = 1
    return fresh.length
  }
  return 0
}

function hiddenPatches(masks: Uint8Array, patches: number): Pick<BlockMasks, 'indices' | 'weights' | 'count'> {
  const indices: number[] = []
  const weights: number[] = []
  for (let start = 0; start < masks.length; start += patches) {
    const own = [...masks.subarray(start, start + patches).entries()].flatMap(([patch, hidden]) => (hidden === 1 ? [start + patch] : []))
    for (const index of own) {
      indices.push(index)
      weights.push(1 / own.length)
    }
  }
  return { indices: Int32Array.from(indices), weights: Float32Array.from(weights), count: indices.length }
}

/** Between `from` and `to`, whichever is the larger. */
function uniform(random: RandomStream, from: number, to: number): number {
  return from + (to - from) * random.uniform()
}

/** 0 to `largest`, both included. */
function integer(random: RandomStream, largest: number): number {
  return Math.floor(random.uniform() * (largest + 1))
}

/** Fisher-Yates from the end, in place. */
function shuffle(items: Uint8Array[], random: RandomStream): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = integer(random, last)
    ;[items[last], items[other]] = [items[other]!, items[last]!]
  }
}

/** Python's round: a half goes to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
