/** @file Vectors of chosen pictures, ready to be compared. */

/** Vectors at unit length, so that a dot product is a cosine. */
export interface VectorSet {
  readonly dim: number
  /** Which picture each vector belongs to: its row in the opened folder, rising. uint32 [count]. */
  readonly rows: Uint32Array
  /** float32 [count, dim]. */
  readonly matrix: Float32Array
}
