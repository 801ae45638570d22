/** @file Whether two models give the same vectors. */
import { inSlices } from '../slices'
import type { ModelVectors } from './linear-cka'

/** Numbers between two turns of the event loop. */
const slice = 2 ** 22

/**
 * The largest difference between two numbers of the same place; undefined where the vectors are of different lengths.
 * @throws the signal's reason
 */
export async function largestDifference(left: ModelVectors, right: ModelVectors, signal: AbortSignal): Promise<number | undefined> {
  if (left.dim !== right.dim) return undefined
  let largest = 0
  await inSlices(left.matrix.length, slice, signal, (from, to) => {
    for (let index = from; index < to; index++) largest = Math.max(largest, Math.abs(left.matrix[index]! - right.matrix[index]!))
  })
  return largest
}
