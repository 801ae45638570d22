/** @file Vectors of chosen pictures, ready to be compared. */
import type { Pooling } from '../contract'
import { normaliseRows } from '../inference'

/** Vectors at unit length, so that a dot product is a cosine. */
export interface VectorSet {
  readonly dim: number
  /** Which picture each vector belongs to: its row in the opened folder, rising. uint32 [count]. */
  readonly rows: Uint32Array
  /** float32 [count, dim]. */
  readonly matrix: Float32Array
}

/**
 * Vectors as a model gives them, at unit length. Of CLS and mean together each part is brought to unit length first, so
 * that their cosine is the mean of the two cosines, and neither part counts for more because its tokens are longer.
 * @param matrix float32 [count, dim], dim that of the pooling: twice a token's for `cls+mean`
 * @returns float32 [count, dim]; a vector (or part) of zeros stays
 */
export function unitVectors(matrix: Float32Array, dim: number, pooling: Pooling): Float32Array<ArrayBuffer> {
  return pooling === 'cls+mean' ? normaliseRows(normaliseRows(matrix, dim / 2), dim) : normaliseRows(matrix, dim)
}
