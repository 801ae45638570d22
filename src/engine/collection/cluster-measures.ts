/** @file What clusters are like: their centres, how tight and how separate they are, which pictures stand for them. */
import { cosinesWithCentres, directions, emptySums, relabel, type CentreCosines, type ProductOptions } from './centres'
import type { VectorSet } from './vector-set'

export interface ClusterMeasures {
  /** float32 [clusters, dim], at unit length. */
  readonly centres: Float32Array
  /** uint32 [clusters]. */
  readonly sizes: Uint32Array
  /** Mean cosine of its vectors with its centre, float32 [clusters]. */
  readonly tightness: Float32Array
  /** Positions of the vectors nearest each centre, nearest first. */
  readonly representatives: readonly Uint32Array[]
  /** Mean simplified silhouette of the vectors that have a label, -1..1; 0 where there are none. */
  readonly silhouette: number
}

/**
 * Simplified silhouette of one vector: (b − a) / max(a, b), with its distance 1 − cos to its own centre as a and to the
 * nearest other centre as b. Source: Hruschka et al., "Evolving clusters in gene-expression data" (2006).
 */
export function simplifiedSilhouette(ownCosine: number, otherCosine: number): number {
  // Rounding makes a cosine a hair larger than 1.
  const [a, b] = [Math.max(0, 1 - ownCosine), Math.max(0, 1 - otherCosine)]
  return a === b ? 0 : (b - a) / Math.max(a, b)
}

/** The mean over all vectors with a label, 0 where there are none or only one cluster. */
export function meanSilhouette({ labels, own, other }: CentreCosines, clusters: number): number {
  if (clusters < 2) return 0
  let sum = 0
  let count = 0
  labels.forEach((label, position) => {
    if (label < 0) return
    sum += simplifiedSilhouette(own[position]!, other[position]!)
    count++
  })
  return count === 0 ? 0 : sum / count
}

/** Positions of the `most` largest cosines of each cluster, largest first, of equal ones the lower position. */
function nearestOfEach({ labels, own }: CentreCosines, clusters: number, most: number): Uint32Array[] {
  const nearest = Array.from({ length: clusters }, (): number[] => [])
  labels.forEach((label, position) => {
    const list = nearest[label]
    if (list === undefined) return
    const cosine = own[position]!
    if (list.length === most && !(cosine > own[list[most - 1]!]!)) return
    let at = list.length
    while (at > 0 && cosine > own[list[at - 1]!]!) at--
    list.splice(at, 0, position)
    if (list.length > most) list.pop()
  })
  return nearest.map((list) => Uint32Array.from(list))
}

/**
 * Measures a clustering, however it was made.
 * @param labels int32 [count], 0 .. clusters − 1, each of them at least once; -1 for vectors of no cluster
 * @param most representatives of each cluster
 * @throws the signal's reason
 */
export async function measureClusters(set: VectorSet, labels: Int32Array, clusters: number, most: number, options: ProductOptions): Promise<ClusterMeasures> {
  const state = emptySums(set.rows.length, clusters, set.dim)
  await relabel(state, set, labels, options.signal)
  const centres = directions(state, set.dim)
  const cosines = clusters === 0 ? { labels, own: new Float32Array(labels.length), other: new Float32Array(labels.length) } : await cosinesWithCentres(set, centres, options, labels)
  const sums = new Float64Array(clusters)
  labels.forEach((label, position) => {
    if (label >= 0) sums[label]! += cosines.own[position]!
  })
  return {
    centres,
    sizes: state.sizes,
    tightness: Float32Array.from(sums, (sum, cluster) => sum / state.sizes[cluster]!),
    representatives: nearestOfEach(cosines, clusters, most),
    silhouette: meanSilhouette(cosines, clusters),
  }
}
