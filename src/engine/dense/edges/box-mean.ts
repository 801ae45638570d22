/** @file Means over square windows, at a cost that does not grow with the window. */

/**
 * Mean over the window of `radius` around each value, cut off at the edges; over the values that are there.
 * Running sums in 64 bits, so that they do not drift.
 * @param values float32 [height, width]
 */
export function boxMean(values: Float32Array, width: number, radius: number): Float32Array {
  const height = values.length / width
  const across = new Float32Array(values.length)
  for (let row = 0; row < values.length; row += width) {
    let sum = 0
    for (let x = 0; x < Math.min(radius, width); x++) sum += values[row + x]!
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += values[row + x + radius]!
      if (x > radius) sum -= values[row + x - radius - 1]!
      across[row + x] = sum / (Math.min(width - 1, x + radius) - Math.max(0, x - radius) + 1)
    }
  }
  const means = new Float32Array(values.length)
  const sums = new Float64Array(width)
  const add = (row: number, sign: number): void => {
    for (let x = 0; x < width; x++) sums[x]! += sign * across[row * width + x]!
  }
  for (let y = 0; y < Math.min(radius, height); y++) add(y, 1)
  for (let y = 0; y < height; y++) {
    if (y + radius < height) add(y + radius, 1)
    if (y > radius) add(y - radius - 1, -1)
    const scale = 1 / (Math.min(height - 1, y + radius) - Math.max(0, y - radius) + 1)
    for (let x = 0; x < width; x++) means[y * width + x] = sums[x]! * scale
  }
  return means
}
