/** @file Bilinear resizing of maps as two matrix products, so that it needs no kernel of its own. */
import { constant, type Value } from '../../graph'
import { matMul, reshape, transpose } from '../../ops'

/**
 * Weights of the source cells for each target cell, float32 `[to, from]`.
 * Source: torch.nn.functional.interpolate(mode='bilinear'), upsample_bilinear2d: with aligned corners src = dst·(from − 1)/(to − 1),
 * else src = max(0, (dst + ½)·from/to − ½).
 */
export function bilinearMatrix(from: number, to: number, alignCorners: boolean): Float32Array {
  const matrix = new Float32Array(to * from)
  for (let target = 0; target < to; target++) {
    const source = alignCorners ? (to === 1 ? 0 : (target * (from - 1)) / (to - 1)) : Math.max(0, ((target + 0.5) * from) / to - 0.5)
    const low = Math.min(from - 1, Math.floor(source))
    const high = Math.min(from - 1, low + 1)
    matrix[target * from + low]! += 1 - (source - low)
    matrix[target * from + high]! += source - low
  }
  return matrix
}

const matrixOf = (from: number, to: number, alignCorners: boolean): Value => constant({ dtype: 'float32', shape: [to, from], data: bilinearMatrix(from, to, alignCorners) })

/** Maps `[1, channels, height, width]` at another size. */
export function resizeMaps(maps: Value, height: number, width: number, alignCorners: boolean): Value {
  const [, channels = 0, fromHeight = 0, fromWidth = 0] = maps.shape.map(Number)
  if (fromHeight === height && fromWidth === width) return maps
  const flat = reshape(maps, [channels, fromHeight, fromWidth])
  const down = matMul(matrixOf(fromHeight, height, alignCorners), flat)
  return reshape(matMul(down, transpose(matrixOf(fromWidth, width, alignCorners), [1, 0])), [1, channels, height, width])
}
