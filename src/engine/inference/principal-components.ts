/** @file The leading principal components of a set of vectors, deterministic to the sign. */

/** Rows of a matrix, float32 `[rows, dim]`, all or a subset. */
export interface RowSet {
  readonly data: Float32Array
  readonly dim: number
  /** Row indices into `data`. */
  readonly rows: readonly number[]
}

export interface PrincipalComponents {
  /** float64 `[dim]`. */
  readonly mean: Float64Array
  /** Unit vectors, each float64 `[dim]`, by falling variance. */
  readonly axes: readonly Float64Array[]
  /** Share of the total variance along each axis, 0..1. */
  readonly explained: readonly number[]
}

const iterations = 60
const oversampling = 4

function meanOf({ data, dim, rows }: RowSet): Float64Array {
  const mean = new Float64Array(dim)
  for (const row of rows) for (let column = 0; column < dim; column++) mean[column]! += data[row * dim + column]!
  return mean.map((value) => value / Math.max(1, rows.length))
}

/** Centred covariance, float64 `[dim, dim]`, divided by the number of rows. */
function covarianceOf(set: RowSet, mean: Float64Array): Float64Array {
  const { data, dim, rows } = set
  const covariance = new Float64Array(dim * dim)
  const centred = new Float64Array(dim)
  for (const row of rows) {
    for (let column = 0; column < dim; column++) centred[column] = data[row * dim + column]! - mean[column]!
    for (let i = 0; i < dim; i++) {
      const scale = centred[i]!
      const offset = i * dim
      for (let j = i; j < dim; j++) covariance[offset + j]! += scale * centred[j]!
    }
  }
  for (let i = 0; i < dim; i++)
    for (let j = i; j < dim; j++) {
      const value = covariance[i * dim + j]! / Math.max(1, rows.length)
      covariance[i * dim + j] = value
      covariance[j * dim + i] = value
    }
  return covariance
}

function multiplyVector(matrix: Float64Array, vector: Float64Array): Float64Array {
  const dim = vector.length
  const product = new Float64Array(dim)
  for (let i = 0; i < dim; i++) {
    let sum = 0
    for (let j = 0; j < dim; j++) sum += matrix[i * dim + j]! * vector[j]!
    product[i] = sum
  }
  return product
}

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!
  return sum
}

/** Modified Gram-Schmidt. A vector that vanishes stays zero. */
function orthonormalize(vectors: readonly Float64Array[]): Float64Array[] {
  const basis: Float64Array[] = []
  for (const vector of vectors) {
    const rest = vector.slice()
    for (const axis of basis) {
      const projection = dot(rest, axis)
      for (let index = 0; index < rest.length; index++) rest[index]! -= projection * axis[index]!
    }
    const length = Math.sqrt(dot(rest, rest))
    basis.push(length > 1e-30 ? rest.map((value) => value / length) : rest.fill(0))
  }
  return basis
}

/** The sign that makes the entry of largest magnitude positive, so that a picture keeps its colours from run to run. */
function withFixedSign(axis: Float64Array): Float64Array {
  let largest = 0
  for (const value of axis) if (Math.abs(value) > Math.abs(largest)) largest = value
  return largest < 0 ? axis.map((value) => -value) : axis
}

/**
 * PCA by block power iteration on the covariance, from fixed starting vectors.
 * @param count components wanted; fewer come back only where dim is smaller
 */
export function principalComponents(set: RowSet, count: number): PrincipalComponents {
  const { dim } = set
  const mean = meanOf(set)
  const covariance = covarianceOf(set, mean)
  let trace = 0
  for (let index = 0; index < dim; index++) trace += covariance[index * dim + index]!
  const width = Math.min(dim, count + oversampling)
  let basis = orthonormalize(
    Array.from({ length: width }, (_, vector) => Float64Array.from({ length: dim }, (_value, index) => Math.cos((index + 1) * (vector + 1) * 0.7))),
  )
  for (let iteration = 0; iteration < iterations; iteration++) basis = orthonormalize(basis.map((vector) => multiplyVector(covariance, vector)))
  const ranked = basis
    .map((axis) => ({ axis, variance: dot(axis, multiplyVector(covariance, axis)) }))
    .sort((a, b) => b.variance - a.variance)
    .slice(0, count)
  return {
    mean,
    axes: ranked.map(({ axis }) => withFixedSign(axis)),
    explained: ranked.map(({ variance }) => (trace > 0 ? Math.max(0, variance) / trace : 0)),
  }
}

/** Coordinates of every row along every axis, float32 `[rows, axes]`. */
export function project(set: RowSet, { mean, axes }: PrincipalComponents): Float32Array {
  const { data, dim, rows } = set
  const scores = new Float32Array(rows.length * axes.length)
  rows.forEach((row, index) => {
    axes.forEach((axis, component) => {
      let sum = 0
      for (let column = 0; column < dim; column++) sum += (data[row * dim + column]! - mean[column]!) * axis[column]!
      scores[index * axes.length + component] = sum
    })
  })
  return scores
}
