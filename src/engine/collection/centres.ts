/** @file Centres of groups of vectors, and how near each vector is to them, by blocks of one matrix product. */
import { normaliseRows, type RowProducts } from '../inference'
import { inSlices } from './slices'
import type { VectorSet } from './vector-set'

/** What every computation over blocks of products needs. */
export interface ProductOptions {
  readonly products: RowProducts
  readonly signal: AbortSignal
}

/** How near each vector is to its centre and to the next. All `[count]`. */
export interface CentreCosines {
  /** int32; the nearest centre, of equal ones the first. */
  readonly labels: Int32Array
  /** float32; cosine with it. */
  readonly own: Float32Array
  /** float32; cosine with the nearest of the other centres, -1 where there is only one. */
  readonly other: Float32Array
}

/** Rows of which a block of products takes at most 8 MiB, and which are read in some milliseconds. */
const blockRows = (centres: number): number => Math.max(64, Math.min(4096, Math.floor(2 ** 21 / centres)))

/**
 * Compares every vector with every centre.
 * @param centres float32 [clusters, dim], at unit length
 * @param given labels that are taken as they are instead of the nearest; -1 for vectors that are left out (cosines NaN)
 * @throws the signal's reason
 */
export async function cosinesWithCentres({ dim, rows, matrix }: VectorSet, centres: Float32Array, { products, signal }: ProductOptions, given?: Int32Array): Promise<CentreCosines> {
  const count = rows.length
  const clusters = centres.length / dim
  const labels = given ?? new Int32Array(count)
  const own = new Float32Array(count)
  const other = new Float32Array(count)
  await inSlices(count, blockRows(clusters), signal, async (from, to) => {
    const cosines = await products(matrix.subarray(from * dim, to * dim), centres, dim)
    for (let row = from; row < to; row++) {
      const start = (row - from) * clusters
      let best = -Infinity
      let bestAt = -1
      let second = -Infinity
      for (let centre = 0; centre < clusters; centre++) {
        const cosine = cosines[start + centre]!
        if (cosine > best) {
          second = best
          best = cosine
          bestAt = centre
        } else if (cosine > second) second = cosine
      }
      if (given === undefined) labels[row] = bestAt
      const label = labels[row]!
      own[row] = label < 0 ? NaN : cosines[start + label]!
      other[row] = label < 0 ? NaN : label !== bestAt ? best : clusters === 1 ? -1 : second
    }
  })
  return { labels, own, other }
}

/** Sums of the vectors of each cluster, which follow labels as they change. */
export interface ClusterSums {
  /** int32 [count]; -1 at first. */
  readonly labels: Int32Array
  /** float64 [clusters, dim]. Doubles: what has been added can be taken away again a hundred times without a trace in float32. */
  readonly sums: Float64Array
  /** uint32 [clusters]. */
  readonly sizes: Uint32Array
}

export function emptySums(count: number, clusters: number, dim: number): ClusterSums {
  return { labels: new Int32Array(count).fill(-1), sums: new Float64Array(clusters * dim), sizes: new Uint32Array(clusters) }
}

/** Gives vectors their new labels (-1 for none). @returns how many have another than before. @throws the signal's reason */
export async function relabel({ labels, sums, sizes }: ClusterSums, { dim, rows, matrix }: VectorSet, next: Int32Array, signal: AbortSignal): Promise<number> {
  let changed = 0
  const add = (row: number, cluster: number, sign: 1 | -1): void => {
    if (cluster < 0) return
    sizes[cluster]! += sign
    for (let index = 0; index < dim; index++) sums[cluster * dim + index]! += sign * matrix[row * dim + index]!
  }
  await inSlices(rows.length, 4096, signal, (from, to) => {
    for (let row = from; row < to; row++) {
      const [before, now] = [labels[row]!, next[row]!]
      if (before === now) continue
      add(row, before, -1)
      add(row, now, 1)
      labels[row] = now
      changed++
    }
  })
  return changed
}

/** Mean directions, float32 [clusters, dim] at unit length; zeros for an empty cluster. */
export function directions({ sums }: ClusterSums, dim: number): Float32Array<ArrayBuffer> {
  // At unit length already in doubles: float32 sums of thousands would lose digits before they are divided.
  const scaled = new Float32Array(sums.length)
  for (let start = 0; start < sums.length; start += dim) {
    let square = 0
    for (let index = 0; index < dim; index++) square += sums[start + index]! ** 2
    const scale = square === 0 ? 0 : 1 / Math.sqrt(square)
    for (let index = 0; index < dim; index++) scaled[start + index] = sums[start + index]! * scale
  }
  return normaliseRows(scaled, dim)
}
