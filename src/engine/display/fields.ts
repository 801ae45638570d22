/** @file Numbers over the patch grid made ready to be shown: ranges, head means, the mass threshold, interpolation. */

/** Smallest and largest value of a field. */
export interface ValueRange {
  readonly min: number
  readonly max: number
}

/** The range of the finite values, or 0..0 where there are none. With a mask, only where it is not 0. */
export function rangeOf(values: ArrayLike<number>, mask?: ArrayLike<number>): ValueRange {
  let min = Infinity
  let max = -Infinity
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? Number.NaN
    if (!Number.isFinite(value) || (mask !== undefined && mask[index] === 0)) continue
    if (value < min) min = value
    if (value > max) max = value
  }
  return min <= max ? { min, max } : { min: 0, max: 0 }
}

/** The mean over heads of float32 [heads, patches]: float32 [patches]. */
export function meanOverHeads(weights: Float32Array, heads: number): Float32Array<ArrayBuffer> {
  const patches = heads > 0 ? weights.length / heads : 0
  const mean = new Float32Array(patches)
  for (let patch = 0; patch < patches; patch += 1) {
    let sum = 0
    for (let head = 0; head < heads; head += 1) sum += weights[head * patches + patch] ?? 0
    mean[patch] = sum / heads
  }
  return mean
}

/**
 * The patches that hold the upper `share` of the attention mass: 1 where kept, uint8 [patches].
 * Weights are sorted ascending and normalised to sum 1; a patch is kept where the running sum exceeds `1 - share`.
 * A share of 1 or more keeps everything.
 * Source: dino/visualize_attention.py, `--threshold`.
 */
export function keepTopMass(weights: ArrayLike<number>, share: number): Uint8Array<ArrayBuffer> {
  const mask = new Uint8Array(weights.length)
  if (share >= 1) return mask.fill(1)
  const order = Uint32Array.from({ length: weights.length }, (_, index) => index)
  order.sort((a, b) => (weights[a] ?? 0) - (weights[b] ?? 0) || a - b)
  let total = 0
  for (const index of order) total += weights[index] ?? 0
  let running = 0
  for (const index of order) {
    running += weights[index] ?? 0
    if (running / total > 1 - share) mask[index] = 1
  }
  return mask
}

/**
 * Bilinear interpolation between cell centres; beyond the outermost centres the edge value holds.
 * @param values [height, width, channels]
 * @returns float32 [outHeight, outWidth, channels]
 */
export function resampleBilinear(
  values: ArrayLike<number>,
  height: number,
  width: number,
  outHeight: number,
  outWidth: number,
  channels = 1,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(outHeight * outWidth * channels)
  const columns = sampleAxis(width, outWidth)
  const rows = sampleAxis(height, outHeight)
  for (let y = 0; y < outHeight; y += 1) {
    const top = (rows.low[y] ?? 0) * width
    const bottom = (rows.high[y] ?? 0) * width
    const fy = rows.fraction[y] ?? 0
    for (let x = 0; x < outWidth; x += 1) {
      const left = columns.low[x] ?? 0
      const right = columns.high[x] ?? 0
      const fx = columns.fraction[x] ?? 0
      for (let channel = 0; channel < channels; channel += 1) {
        const a = values[(top + left) * channels + channel] ?? 0
        const b = values[(top + right) * channels + channel] ?? 0
        const c = values[(bottom + left) * channels + channel] ?? 0
        const d = values[(bottom + right) * channels + channel] ?? 0
        const upper = a + (b - a) * fx
        out[(y * outWidth + x) * channels + channel] = upper + (c + (d - c) * fx - upper) * fy
      }
    }
  }
  return out
}

interface Axis {
  readonly low: Uint32Array
  readonly high: Uint32Array
  readonly fraction: Float64Array
}

function sampleAxis(size: number, outSize: number): Axis {
  const axis = { low: new Uint32Array(outSize), high: new Uint32Array(outSize), fraction: new Float64Array(outSize) }
  for (let index = 0; index < outSize; index += 1) {
    const position = Math.min(size - 1, Math.max(0, ((index + 0.5) * size) / outSize - 0.5))
    axis.low[index] = Math.floor(position)
    axis.high[index] = Math.min(size - 1, Math.floor(position) + 1)
    axis.fraction[index] = position - Math.floor(position)
  }
  return axis
}
