/** @file The exact nearest neighbours of every vector of a set, by blocks of one matrix product. */
import { EngineError } from '../contract'
import { emptyNearest, takeNearest, takeNearestBothWays, type RowProducts } from '../inference'
import type { VectorSet } from './vector-set'

/** Of each vector its `k` most similar others, most similar first. */
export interface Neighbours {
  readonly k: number
  /** Positions in the set (not rows of the folder), int32 [count, k]; -1 where there are fewer. */
  readonly positions: Int32Array
  /** float32 [count, k]; -Infinity where there are fewer. */
  readonly cosines: Float32Array
}

export interface NeighbourOptions {
  readonly products: RowProducts
  readonly signal: AbortSignal
  /** Vectors whose share of the work is done, of the set's count. */
  readonly onProgress?: (done: number) => void
}

/** The products of one pair of blocks take 16 MiB; a product and its reading hold the event loop for some 50 ms. */
const block = 2048

/**
 * Compares every vector with every other once: a block of products serves both of its sides, which halves the work.
 * Of equal cosines the lower position comes first; no vector is its own neighbour.
 * @throws EngineError BAD_REQUEST for a k that is no positive whole number; the signal's reason
 */
export async function nearestNeighbours({ dim, rows, matrix }: VectorSet, k: number, { products, signal, onProgress }: NeighbourOptions): Promise<Neighbours> {
  if (!Number.isSafeInteger(k) || k < 1) throw new EngineError('BAD_REQUEST', `nearest neighbours: k is ${k}; a whole number of at least 1 is needed`)
  const count = rows.length
  const lists = emptyNearest(count, k)
  const pairs = (count * (count + 1)) / 2
  let donePairs = 0
  const blockAt = (first: number): Float32Array => matrix.subarray(first * dim, Math.min(count, first + block) * dim)
  for (let firstRow = 0; firstRow < count; firstRow += block)
    for (let firstColumn = firstRow; firstColumn < count; firstColumn += block) {
      // A cancel is only heard when the event loop turns.
      await new Promise(setImmediate)
      signal.throwIfAborted()
      const cosines = await products(blockAt(firstRow), blockAt(firstColumn), dim)
      const [height, width] = [Math.min(block, count - firstRow), Math.min(block, count - firstColumn)]
      if (firstRow === firstColumn) for (let row = 0; row < height; row++) takeNearest(lists, firstRow + row, cosines, row * width, width, firstColumn, firstRow + row)
      else takeNearestBothWays(lists, cosines, firstRow, height, firstColumn, width)
      donePairs += firstRow === firstColumn ? (height * (height + 1)) / 2 : height * width
      onProgress?.(Math.round((count * donePairs) / pairs))
    }
  return { k, positions: lists.rows, cosines: lists.similarities }
}
