/** @file A few long vectors in as many coordinates as there are vectors: the same dot products, so the same ridge regression. */

export interface FewRows {
  /** float64 [rows, rank]. */
  readonly coordinates: Float64Array
  readonly rank: number
  /** Orthonormal, float64 [rank, dim]. */
  readonly axes: Float64Array
}

/** Of a vector's length, what is left across the axes before it counts as none. */
const smallest = 1e-10

/** Modified Gram-Schmidt, twice. @param features float64 [rows, dim] */
export function fewRows(features: Float64Array, dim: number): FewRows {
  const rows = features.length / dim
  const axes: Float64Array[] = []
  for (let row = 0; row < rows; row++) {
    const left = features.slice(row * dim, (row + 1) * dim)
    const before = Math.hypot(...left)
    for (let pass = 0; pass < 2; pass++)
      for (const axis of axes) {
        let along = 0
        for (let column = 0; column < dim; column++) along += axis[column]! * left[column]!
        for (let column = 0; column < dim; column++) left[column]! -= along * axis[column]!
      }
    const length = Math.hypot(...left)
    if (length > smallest * before) axes.push(left.map((value) => value / length))
  }
  const rank = axes.length
  const coordinates = new Float64Array(rows * rank)
  for (let row = 0; row < rows; row++)
    axes.forEach((axis, at) => {
      let along = 0
      for (let column = 0; column < dim; column++) along += axis[column]! * features[row * dim + column]!
      coordinates[row * rank + at] = along
    })
  const flat = new Float64Array(rank * dim)
  axes.forEach((axis, at) => { flat.set(axis, at * dim) })
  return { coordinates, rank, axes: flat }
}
