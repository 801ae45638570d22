/** @file Named examples that probes learn from, and what was said of those that were left out. */
export interface ProbeExamples {
  /** float32 [examples, dim], at unit length. */
  readonly vectors: Float32Array
  readonly dim: number
  /** Class of each, int32 [examples]. */
  readonly labels: Int32Array
  /** Which picture each is of; int32 [examples], from 0. */
  readonly groups: Int32Array
  readonly classes: number
}

/** Examples that were left out, and what was said of them. */
export interface ProbeScore {
  readonly folds: number
  readonly truth: Int32Array
  readonly predicted: Int32Array
}
