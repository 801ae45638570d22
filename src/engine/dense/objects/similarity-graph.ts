/** @file Which patches are alike: a graph that is held by its edges or, where there are more of those, by its gaps. */
import { inSlices, type ProductOptions } from '../../collection'
import { EngineError } from '../../contract'

/** Symmetric weights: 1 where two patches are alike, `apart` where they are not. */
export interface SimilarityGraph {
  readonly count: number
  /** Weight of patches that are not alike. */
  readonly apart: number
  /** Whether `columns` lists the patches that are alike, or those that are not. */
  readonly listed: 'alike' | 'apart'
  /** Where each patch's list begins in `columns`, uint32 [count + 1]. */
  readonly starts: Uint32Array
  readonly columns: Uint16Array
  /** Sum of the weights of each patch, float64 [count]. */
  readonly degrees: Float64Array
}

/** Largest number of patches: numbers of patches take 16 bits, and pairs of more would take too long. */
export const maxGraphPatches = 4096

/** Rows of products that take at most 4 MiB. */
const rowsAtOnce = (count: number): number => Math.max(16, Math.floor(2 ** 20 / count))

/**
 * Compares every patch with every other.
 * @param unit float32 [patches, dim], at unit length or zero
 * @param threshold patches are alike above this cosine
 * @throws EngineError BAD_REQUEST beyond {@link maxGraphPatches}, RUNTIME; the signal's reason
 */
export async function similarityGraph(unit: Float32Array, dim: number, threshold: number, apart: number, { products, signal }: ProductOptions): Promise<SimilarityGraph> {
  const count = unit.length / dim
  if (count > maxGraphPatches) throw new EngineError('BAD_REQUEST', `similarityGraph: ${count} patches; at most ${maxGraphPatches} can be compared with each other`)
  const alike = new Uint8Array(count * count)
  let edges = 0
  await inSlices(count, rowsAtOnce(count), signal, async (from, to) => {
    // Of each pair one product counts for both: rounding could put the other on the other side of the threshold.
    const cosines = await products(unit.subarray(from * dim, to * dim), unit.subarray(from * dim), dim)
    const width = count - from
    for (let row = from; row < to; row++)
      for (let column = row; column < count; column++)
        if (cosines[(row - from) * width + column - from]! > threshold) {
          alike[row * count + column] = 1
          edges += row === column ? 1 : 2
        }
  })
  // Columns before rows are filled from their mirror images, tile by tile for the cache's sake.
  const tile = 64
  await inSlices(count, 4 * tile, signal, (from, to) => {
    for (let left = 0; left < to; left += tile)
      for (let row = Math.max(from, left + 1); row < to; row++)
        for (let column = left; column < Math.min(row, left + tile); column++) alike[row * count + column] = alike[column * count + row]!
  })
  const listed = 2 * edges <= count * count ? 'alike' : 'apart'
  const wanted = listed === 'alike' ? 1 : 0
  const columns = new Uint16Array(listed === 'alike' ? edges : count * count - edges)
  const starts = new Uint32Array(count + 1)
  let at = 0
  await inSlices(count, rowsAtOnce(count), signal, (from, to) => {
    for (let row = from; row < to; row++) {
      const line = row * count
      for (let column = 0; column < count; column++) if (alike[line + column] === wanted) columns[at++] = column
      starts[row + 1] = at
    }
  })
  const degrees = Float64Array.from({ length: count }, (_, row) => {
    const length = starts[row + 1]! - starts[row]!
    return listed === 'alike' ? length + apart * (count - length) : count - length + apart * length
  })
  return { count, apart, listed, starts, columns, degrees }
}

/** W · x, float64 [count]. @throws the signal's reason */
export async function multiplyGraph({ count, apart, listed, starts, columns }: SimilarityGraph, x: Float64Array, signal: AbortSignal): Promise<Float64Array> {
  const total = x.reduce((sum, value) => sum + value, 0)
  const result = new Float64Array(count)
  const [base, factor] = listed === 'alike' ? [apart * total, 1 - apart] : [total, apart - 1]
  await inSlices(count, count, signal, () => {
    for (let row = 0; row < count; row++) {
      let sum = 0
      for (let index = starts[row]!, end = starts[row + 1]!; index < end; index++) sum += x[columns[index]!]!
      result[row] = base + factor * sum
    }
  })
  return result
}
