/** @file The exact nearest neighbours of every vector of a set, by blocks of one matrix product. */

/** Of each vector its `k` most similar others, most similar first. */
export interface Neighbours {
  readonly k: number
  /** Positions in the set (not rows of the folder), int32 [count, k]; -1 where there are fewer. */
  readonly positions: Int32Array
  /** float32 [count, k]; -Infinity where there are fewer. */
  readonly cosines: Float32Array
}
