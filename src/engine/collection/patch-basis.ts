/** @file The directions on which patch tokens are kept: PCA of unit tokens, fitted once for a model. */
import { EngineError } from '../contract'
import { normaliseRows, type RowProducts } from '../inference'
import type { PatchBasis } from '../library'
import { spreadVariance } from './patch-basis-spread'

/** Numbers that are kept of each token. */
const keptDims = 64
/** Axes of a basis over tokens of `dim` numbers, which is also how many tokens it is fitted on at the least. */
export const basisDims = (dim: number): number => Math.min(keptDims, dim)

/** Directions iterated beside those that are kept, so that the last of them have settled too. */
const oversampling = 16
const iterations = 48
/** Numbers of a block: some milliseconds to turn it into columns, some 20 ms of product at the largest dim there is. */
const blockNumbers = 2 ** 19

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!
  return sum
}

/** Modified Gram-Schmidt in float64. A vector that vanishes stays zero. */
function orthonormalise(vectors: readonly Float64Array[]): Float64Array[] {
  const basis: Float64Array[] = []
  for (const vector of vectors) {
    const before = Math.sqrt(dot(vector, vector))
    for (const axis of basis) {
      const projection = dot(vector, axis)
      for (let index = 0; index < vector.length; index++) vector[index]! -= projection * axis[index]!
    }
    const length = Math.sqrt(dot(vector, vector))
    // What is left of a vector that lay within the others is rounding.
    basis.push(length > 1e-6 * before ? vector.map((value) => value / length) : vector.fill(0))
  }
  return basis
}

interface Moments {
  /** float32 [dim] */
  readonly mean: Float32Array
  /** float32 [dim, dim]; of centred unit tokens, over their number. */
  readonly covariance: Float32Array
}

/** Mean and covariance of unit tokens. float64 sums over blocks; within a block the product of the runtime. */
async function momentsOf(tokens: Float32Array, dim: number, products: RowProducts): Promise<Moments> {
  const count = tokens.length / dim
  const blockRows = Math.max(256, Math.floor(blockNumbers / dim))
  const sums = new Float64Array(dim)
  const blockAt = (first: number): Float32Array => normaliseRows(tokens.subarray(first * dim, (first + blockRows) * dim), dim)
  for (let first = 0; first < count; first += blockRows) {
    const block = blockAt(first)
    for (let index = 0; index < block.length; index += dim) for (let column = 0; column < dim; column++) sums[column]! += block[index + column]!
    await turn()
  }
  const mean = Float32Array.from(sums, (sum) => sum / count)
  const total = new Float64Array(dim * dim)
  for (let first = 0; first < count; first += blockRows) {
    const block = blockAt(first)
    const rows = block.length / dim
    const columns = new Float32Array(block.length)
    for (let row = 0; row < rows; row++) for (let column = 0; column < dim; column++) columns[column * rows + row] = block[row * dim + column]! - mean[column]!
    await turn()
    const part = await products(columns, columns, rows)
    for (let index = 0; index < total.length; index++) total[index]! += part[index]!
    await turn()
  }
  const covariance = new Float32Array(dim * dim)
  for (let index = 0; index < total.length; index++) covariance[index] = total[index]! / count
  return { mean, covariance }
}

/** The sign that makes the entry of largest magnitude positive, so that the same sample gives the same axes. */
function withFixedSign(axis: Float64Array): Float64Array {
  let largest = 0
  for (const value of axis) if (Math.abs(value) > Math.abs(largest)) largest = value
  return largest < 0 ? axis.map((value) => -value) : axis
}

/**
 * PCA of unit patch tokens by orthogonal iteration: min(64, dim) axes that together hold the most variance, turned so that
 * each holds as much as the next.
 * @param tokens patch tokens after the final norm, of any length, float32 [count, dim]; at least as many as axes
 * @throws EngineError BAD_REQUEST for too few tokens or such that are no numbers
 */
export async function fitPatchBasis(tokens: Float32Array, dim: number, products: RowProducts): Promise<PatchBasis> {
  const count = tokens.length / dim
  const dims = basisDims(dim)
  if (count < dims) throw new EngineError('BAD_REQUEST', `patch basis: ${count} patch tokens are too few for ${dims} directions`)
  const { mean, covariance } = await momentsOf(tokens, dim, products)
  let trace = 0
  for (let index = 0; index < dim; index++) trace += covariance[index * dim + index]!
  if (!Number.isFinite(trace)) throw new EngineError('BAD_REQUEST', 'patch basis: some of the patch tokens are no numbers')

  const width = Math.min(dim, dims + oversampling)
  /** float32 [width, dim] times the covariance, which is its own transpose. */
  const applied = async (basis: readonly Float64Array[]): Promise<Float64Array[]> => {
    const rows = new Float32Array(width * dim)
    basis.forEach((axis, row) => { rows.set(axis, row * dim) })
    const product = await products(rows, covariance, dim)
    return basis.map((_, row) => new Float64Array(product.subarray(row * dim, (row + 1) * dim)))
  }
  let basis = orthonormalise(Array.from({ length: width }, (_, vector) => Float64Array.from({ length: dim }, (_value, index) => Math.cos((index + 1) * (vector + 1) * 0.7))))
  for (let iteration = 0; iteration < iterations; iteration++) {
    basis = orthonormalise(await applied(basis))
    await turn()
  }
  const images = await applied(basis)
  const ranked = basis
    .map((axis, index) => ({ axis, variance: Math.max(0, dot(axis, images[index]!)) }))
    .sort((a, b) => b.variance - a.variance)
    .slice(0, dims)
  const axes = new Float32Array(dims * dim)
  spreadVariance(ranked.map(({ axis }) => withFixedSign(axis))).forEach((axis, row) => { axes.set(axis, row * dim) })
  const explained = trace > 0 ? Math.min(1, ranked.reduce((sum, { variance }) => sum + variance, 0) / trace) : 1
  return { dim, dims, mean, axes, explained }
}
