/** @file The directions of most variance, from a covariance, where most of the arithmetic is matrix products. */
import type { RowProducts } from '../../inference'
import { symmetricEigen } from './symmetric-eigen'

export interface LeadingAxes {
  /** Unit vectors, each float64 [dim], by falling variance; of zeros where there is no variance left. */
  readonly axes: readonly Float64Array[]
  readonly variances: readonly number[]
}

export interface LeadingAxesOptions {
  readonly products: RowProducts
  readonly signal: AbortSignal
}

/** More directions than are wanted are followed: what is left out then falls away faster. */
const oversampling = 8
const maxIterations = 300
/** Of the largest variance: as far as float32 products tell. */
const tolerance = 1e-6

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!
  return sum
}

/** Gram-Schmidt, twice over, which is enough. A vector that vanishes becomes zero. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const basis: Float64Array[] = []
  for (const vector of vectors) {
    const length = Math.sqrt(dot(vector, vector))
    const rest = vector.slice()
    for (let pass = 0; pass < 2; pass++)
      for (const axis of basis) {
        const along = dot(rest, axis)
        for (let index = 0; index < rest.length; index++) rest[index]! -= along * axis[index]!
      }
    const left = Math.sqrt(dot(rest, rest))
    basis.push(left > 1e-10 * length ? rest.map((value) => value / left) : rest.fill(0))
  }
  return basis
}

/** Σ weights[i] · vectors[i] */
function combine(vectors: readonly Float64Array[], weights: Float64Array): Float64Array {
  const sum = new Float64Array(vectors[0]?.length ?? 0)
  vectors.forEach((vector, row) => {
    const weight = weights[row]!
    for (let index = 0; index < sum.length; index++) sum[index]! += weight * vector[index]!
  })
  return sum
}

function flat(vectors: readonly Float64Array[], dim: number): Float32Array {
  const rows = new Float32Array(vectors.length * dim)
  vectors.forEach((vector, row) => {
    rows.set(vector, row * dim)
  })
  return rows
}

/** The sign that makes the entry of largest magnitude positive, so that a map is the same each time. */
function withFixedSign(axis: Float64Array): Float64Array {
  let largest = 0
  for (const value of axis) if (Math.abs(value) > Math.abs(largest)) largest = value
  return largest < 0 ? axis.map((value) => -value) : axis
}

/**
 * Subspace iteration with a Rayleigh-Ritz step each time, from fixed starting vectors, until the wanted directions are
 * those of the covariance: |C·v − λ·v| ≤ 10⁻⁶ · λ₁. Source: Saad, Numerical Methods for Large Eigenvalue Problems, algorithm 5.3.
 * @param covariance float32 [dim, dim], symmetric
 * @throws the signal's reason
 */
export async function leadingAxes(covariance: Float32Array, dim: number, count: number, { products, signal }: LeadingAxesOptions): Promise<LeadingAxes> {
  const width = Math.min(dim, count + oversampling)
  let basis = orthonormal(Array.from({ length: width }, (_, vector) => Float64Array.from({ length: dim }, (_value, index) => Math.cos((index + 1) * (vector + 1) * 0.7))))
  let variances: readonly number[] = []
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    await new Promise(setImmediate)
    signal.throwIfAborted()
    const product = await products(flat(basis, dim), covariance, dim)
    const moved = basis.map((_, row) => Float64Array.from(product.subarray(row * dim, (row + 1) * dim)))
    const small = Float64Array.from({ length: width * width }, (_, index) => (dot(basis[Math.floor(index / width)]!, moved[index % width]!) + dot(basis[index % width]!, moved[Math.floor(index / width)]!)) / 2)
    const { values, vectors } = symmetricEigen(small, width)
    const axes = vectors.map((weights) => combine(basis, weights))
    const next = vectors.map((weights) => combine(moved, weights))
    variances = values
    const settled = axes.slice(0, count).every((axis, row) => Math.sqrt(next[row]!.reduce((sum, value, index) => sum + (value - values[row]! * axis[index]!) ** 2, 0)) <= tolerance * values[0]!)
    if (settled) {
      basis = axes
      break
    }
    basis = orthonormal(next)
  }
  const wanted = Math.min(count, dim)
  return { axes: basis.slice(0, wanted).map(withFixedSign), variances: variances.slice(0, wanted).map((variance) => Math.max(0, variance)) }
}
