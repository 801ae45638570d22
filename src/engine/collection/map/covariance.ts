/** @file Mean and covariance of many vectors, by blocks of one matrix product. */
import type { RowProducts } from '../../inference'
import { inSlices } from '../slices'
import type { VectorSet } from '../vector-set'

export interface Covariance {
  /** float64 [dim]. */
  readonly mean: Float64Array
  /** Divided by the number of vectors; float32 [dim, dim], symmetric. */
  readonly covariance: Float32Array
  /** Sum of the variances. */
  readonly total: number
}

export interface CovarianceOptions {
  readonly products: RowProducts
  readonly signal: AbortSignal
  /** Vectors whose part is done. */
  readonly onProgress?: (done: number) => void
}

/** Vectors whose sum is taken before the event loop turns. */
const meanSlice = 8192
/** Arithmetic of one product: some tens of milliseconds. */
const productOperations = 2 ** 32
const mostRows = 4096
/** Rows and columns that are turned together stay in the fastest cache. */
const tile = 16

/** Vectors in one product with `columns` others of `dim` numbers. */
export function rowsPerProduct(dim: number, columns: number): number {
  return Math.max(tile, Math.min(mostRows, Math.floor(productOperations / (2 * dim * columns))))
}

/** Rows less the mean, as columns: float32 [dim, rows]. */
function centredColumns(rows: Float32Array, dim: number, mean: Float64Array): Float32Array {
  const count = rows.length / dim
  const columns = new Float32Array(rows.length)
  for (let firstRow = 0; firstRow < count; firstRow += tile)
    for (let firstColumn = 0; firstColumn < dim; firstColumn += tile)
      for (let row = firstRow; row < Math.min(count, firstRow + tile); row++)
        for (let column = firstColumn; column < Math.min(dim, firstColumn + tile); column++) columns[column * count + row] = rows[row * dim + column]! - mean[column]!
  return columns
}

/** The mean is taken off before anything is multiplied, so that float32 loses nothing. @throws the signal's reason */
export async function covarianceOf({ dim, rows, matrix }: Pick<VectorSet, 'dim' | 'rows' | 'matrix'>, { products, signal, onProgress }: CovarianceOptions): Promise<Covariance> {
  const count = rows.length
  const mean = new Float64Array(dim)
  await inSlices(count, meanSlice, signal, (from, to) => {
    for (let row = from; row < to; row++) for (let column = 0, at = row * dim; column < dim; column++, at++) mean[column]! += matrix[at]!
  })
  for (let column = 0; column < dim; column++) mean[column]! /= Math.max(1, count)
  const sums = new Float64Array(dim * dim)
  await inSlices(count, rowsPerProduct(dim, dim), signal, async (from, to) => {
    const columns = centredColumns(matrix.subarray(from * dim, to * dim), dim, mean)
    const part = await products(columns, columns, to - from)
    for (let index = 0; index < sums.length; index++) sums[index]! += part[index]!
    onProgress?.(to)
  })
  let total = 0
  for (let column = 0; column < dim; column++) total += sums[column * dim + column]! / Math.max(1, count)
  // A loop, since from() with a function takes some hundred times as long.
  const covariance = new Float32Array(sums.length)
  for (let index = 0; index < sums.length; index++) covariance[index] = sums[index]! / Math.max(1, count)
  return { mean, covariance, total }
}
