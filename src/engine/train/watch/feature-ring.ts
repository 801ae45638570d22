/** @file The latest features of a run, a fixed number of them, so that statistics over many pictures need no extra forward pass. */
import { EngineError } from '../../contract'

/** What a checkpoint keeps, so that a resumed run reports the numbers that the uninterrupted one would. */
export interface FeatureRingState {
  /** float32 `[capacity, dim]`; rows that were not written yet are 0. */
  readonly rows: Float32Array
  /** Rows written since the beginning of the run. */
  readonly written: number
}

export interface FeatureRing {
  readonly dim: number
  /** Rows that are there. */
  readonly count: number
  /** Adds rows, float32 `[n, dim]`; they are copied, and the oldest make room. */
  push(rows: Float32Array): void
  /** The rows that are there, in no particular order, float32 `[count, dim]`; a view. */
  rows(): Float32Array
  /** A copy. */
  state(): FeatureRingState
}

/**
 * A ring for `capacity` rows, empty or as a checkpoint left it.
 * @throws EngineError BAD_REQUEST when the state is of another size, INTERNAL when rows are no multiple of `dim`
 */
export function createFeatureRing(capacity: number, dim: number, state?: FeatureRingState): FeatureRing {
  if (state !== undefined && state.rows.length !== capacity * dim)
    throw new EngineError('BAD_REQUEST', `createFeatureRing: a state of ${state.rows.length} values is not ${capacity} features of ${dim}`)
  const data = state?.rows.slice() ?? new Float32Array(capacity * dim)
  let written = state?.written ?? 0
  const count = (): number => Math.min(written, capacity)
  return {
    dim,
    get count() {
      return count()
    },
    push: (rows) => {
      if (rows.length % dim !== 0) throw new EngineError('INTERNAL', `a feature ring of dimension ${dim} was given ${rows.length} values`)
      for (let start = 0; start < rows.length; start += dim) data.set(rows.subarray(start, start + dim), (written++ % capacity) * dim)
    },
    rows: () => data.subarray(0, count() * dim),
    state: () => ({ rows: data.slice(), written }),
  }
}
