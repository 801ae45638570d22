/** @file Exact search: one vector against all of a set. */
import { EngineError } from '../contract'
import type { RowProducts } from '../inference'
import { topScores } from './search-top'
import type { VectorSet } from './vector-set'

export interface SearchOptions {
  readonly top: number
  /** Rows of the folder that must not be found, such as the examples themselves. */
  readonly without: ReadonlySet<number>
  readonly products: RowProducts
  readonly signal?: AbortSignal
}

/** What was found, most similar first. */
export interface Found {
  /** Rows of the folder. */
  readonly rows: Uint32Array
  /** float32 [rows] */
  readonly cosines: Float32Array
}

/** Numbers read in one product: some 25 ms of a machine's memory bandwidth. */
const blockNumbers = 16 * 2 ** 20

/**
 * Cosines of a unit vector with every vector of a set, float32 [count].
 * @throws EngineError INTERNAL for a vector of another length; the signal's reason
 */
export async function cosinesWith({ dim, rows, matrix }: VectorSet, query: Float32Array, products: RowProducts, signal?: AbortSignal): Promise<Float32Array> {
  if (query.length !== dim) throw new EngineError('INTERNAL', `search: a vector of ${query.length} cannot be compared with vectors of ${dim}`)
  const cosines = new Float32Array(rows.length)
  const block = Math.max(1, Math.floor(blockNumbers / dim))
  for (let first = 0; first < rows.length; first += block) {
    await new Promise(setImmediate)
    signal?.throwIfAborted()
    cosines.set(await products(query, matrix.subarray(first * dim, (first + block) * dim), dim), first)
  }
  return cosines
}

/** Position of a row in rising rows, or -1. */
export function positionOf(rows: Uint32Array, row: number): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle]! < row) low = middle + 1
    else high = middle
  }
  return rows[low] === row ? low : -1
}

/**
 * The most similar vectors of a set, exactly. Of equal cosines the lower row comes first.
 * @throws the signal's reason
 */
export async function searchVectors(set: VectorSet, query: Float32Array, { top, without, products, signal }: SearchOptions): Promise<Found> {
  const cosines = await cosinesWith(set, query, products, signal)
  for (const row of without) {
    const position = positionOf(set.rows, row)
    if (position >= 0) cosines[position] = -Infinity
  }
  const positions = topScores(cosines, top)
  return { rows: positions.map((position) => set.rows[position]!), cosines: Float32Array.from(positions, (position) => cosines[position]!) }
}
