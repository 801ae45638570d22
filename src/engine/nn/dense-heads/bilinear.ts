/** @file Bilinear resizing of maps, one axis after the other: each target cell is a mean of two source cells. */
import { constant, integers, type Value } from '../../graph'
import { add, gather, multiply, subtract } from '../../ops'

interface Neighbours {
  readonly low: readonly number[]
  readonly high: readonly number[]
  /** Share of the cell at `high`, 0 … 1. */
  readonly share: Float32Array
}

/**
 * The two source cells of each target cell.
 * Source: torch.nn.functional.interpolate(mode='bilinear'), upsample_bilinear2d: with aligned corners src = dst·(from − 1)/(to − 1),
 * else src = max(0, (dst + ½)·from/to − ½).
 */
function neighboursOf(from: number, to: number, alignCorners: boolean): Neighbours {
  const sources = Array.from({ length: to }, (_, target) => (alignCorners ? (to === 1 ? 0 : (target * (from - 1)) / (to - 1)) : Math.max(0, ((target + 0.5) * from) / to - 0.5)))
  const low = sources.map((source) => Math.min(from - 1, Math.floor(source)))
  return { low, high: low.map((cell) => Math.min(from - 1, cell + 1)), share: Float32Array.from(sources, (source, index) => source - low[index]!) }
}

/** `x` `[…, from, …]` with `to` cells along `axis`, which has `after` axes behind it. */
function resizeAxis(x: Value, axis: number, after: number, from: number, to: number, alignCorners: boolean): Value {
  if (from === to) return x
  const { low, high, share } = neighboursOf(from, to, alignCorners)
  const near = gather(x, integers(low), axis)
  const towards = subtract(gather(x, integers(high), axis), near)
  return add(near, multiply(towards, constant({ dtype: 'float32', shape: [to, ...Array<number>(after).fill(1)], data: share })))
}

/** Maps `[1, channels, height, width]` at another size. */
export function resizeMaps(maps: Value, height: number, width: number, alignCorners: boolean): Value {
  const [, , fromHeight = 0, fromWidth = 0] = maps.shape.map(Number)
  return resizeAxis(resizeAxis(maps, 2, 1, fromHeight, height, alignCorners), 3, 0, fromWidth, width, alignCorners)
}
