/** @file The nearest points on a map, by looking at all of them. */

/** Coordinates by axis, each float32 [points]; z is 0 on a flat map. */
export interface MapColumns {
  readonly x: Float32Array
  readonly y: Float32Array
  readonly z: Float32Array
}

/** @param coordinates float32 [points, dims] */
export function mapColumns(coordinates: Float32Array, dims: 2 | 3): MapColumns {
  const count = coordinates.length / dims
  const axis = (offset: number): Float32Array => {
    const column = new Float32Array(count)
    for (let point = 0; point < count; point++) column[point] = coordinates[point * dims + offset]!
    return column
  }
  return { x: axis(0), y: axis(1), z: dims === 3 ? axis(2) : new Float32Array(count) }
}

/** Positions of the `k` points nearest to one, nearest first and of equally near ones the first; itself is not among them. */
export function nearestOnMap({ x, y, z }: MapColumns, of: number, k: number): Int32Array {
  const positions = new Int32Array(k).fill(-1)
  const distances = new Float64Array(k).fill(Infinity)
  const [x0, y0, z0] = [x[of]!, y[of]!, z[of]!]
  let farthest = Infinity
  for (let point = 0; point < x.length; point++) {
    const distance = (x[point]! - x0) ** 2 + (y[point]! - y0) ** 2 + (z[point]! - z0) ** 2
    if (!(distance < farthest) || point === of) continue
    let at = k - 1
    for (; at > 0 && distance < distances[at - 1]!; at--) {
      distances[at] = distances[at - 1]!
      positions[at] = positions[at - 1]!
    }
    distances[at] = distance
    positions[at] = point
    farthest = distances[k - 1]!
  }
  return positions
}
