/** @file Where a map lies: around the origin, its longest extent 2. */

/**
 * Moves the middle of the bounding box to the origin and scales all axes alike, so that nothing lies beyond ±1.
 * @param coordinates float32 [points, dims]
 * @returns float32 [points, dims]; points that all lie in one place lie at the origin
 */
export function fitToExtent(coordinates: Float32Array, dims: number): Float32Array<ArrayBuffer> {
  const least = new Float64Array(dims).fill(Infinity)
  const most = new Float64Array(dims).fill(-Infinity)
  for (let index = 0; index < coordinates.length; index++) {
    const axis = index % dims
    const value = coordinates[index]!
    if (value < least[axis]!) least[axis] = value
    if (value > most[axis]!) most[axis] = value
  }
  const longest = Math.max(0, ...most.map((value, axis) => value - least[axis]!))
  const scale = longest > 0 && Number.isFinite(longest) ? 2 / longest : 0
  const fitted = new Float32Array(coordinates.length)
  for (let index = 0; index < fitted.length; index++) {
    const axis = index % dims
    fitted[index] = (coordinates[index]! - (least[axis]! + most[axis]!) / 2) * scale
  }
  return fitted
}
