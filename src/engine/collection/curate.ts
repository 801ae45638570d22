/** @file Curation as DINOv2 does it: one of each group of near-duplicates, then as many of each cluster. */
import { EngineError, type CurationPlan } from '../contract'
import { createUnionFind } from '../display'
import { randomStreamAt } from '../tensor'
import type { ProductOptions } from './centres'
import { measureClusters } from './cluster-measures'
import { evenness, evenQuotas } from './curate-sampling'
import { kMeans } from './kmeans'
import { nearestNeighbours, type Neighbours } from './neighbours'
import { samplePositions, takeVectors } from './sample'
import type { VectorSet } from './vector-set'

export interface CurateOptions extends ProductOptions {
  /** Cosine from which two pictures are one. */
  readonly duplicateSimilarity: number
  readonly clusters: number
  readonly target: number
  readonly seed: number
  /** Of each vector: the larger, the sooner it is the one that is kept of its duplicates; float64 [count]. */
  readonly worth: Float64Array
  /** Share of the work that is done, 0..1. */
  readonly onProgress?: (share: number) => void
}

/** Source: DINOv2 (arXiv 2304.07193), appendix A: connected components over the 64 nearest neighbours. */
const neighbourCount = 64
const restarts = 3
/** Neighbours take most of the time: every vector with every other, against some passes of k-means. */
const neighboursShare = 0.7

/** For each vector the one that stands for its group: the worthiest, of equal ones the first. */
function standIns({ k, positions, cosines }: Neighbours, similarity: number, worth: Float64Array): Uint32Array {
  // Rounding must not tell the same picture from itself.
  const least = Math.min(similarity, 1 - 1e-6)
  const groups = createUnionFind(worth.length)
  positions.forEach((other, at) => {
    if (other >= 0 && cosines[at]! >= least) groups.join(Math.floor(at / k), other)
  })
  const best = Uint32Array.from(worth, (_, position) => groups.find(position))
  worth.forEach((value, position) => {
    const group = groups.find(position)
    if (value > worth[best[group]!]!) best[group] = position
  })
  return best.map((_, position) => best[groups.find(position)]!)
}

/** Positions of each cluster, rising. */
function membersOf(labels: Int32Array, clusters: number): number[][] {
  const members = Array.from({ length: clusters }, (): number[] => [])
  labels.forEach((label, position) => members[label]!.push(position))
  return members
}

/**
 * Plans which pictures to keep: of each connected component of pairs at least as similar as `duplicateSimilarity` one, then
 * k-means, then from each cluster pictures by chance until the target is met, small clusters whole, large ones all the
 * same. Chance rather than distance from each other, since that would collect what is odd. The same seed gives the same plan.
 * Source: DINOv2 (arXiv 2304.07193) §3 and appendix A; the paper compares copy-detection features, here those of the chosen model are taken.
 * @throws EngineError BAD_REQUEST without vectors; the signal's reason
 */
export async function planCuration(set: VectorSet, options: CurateOptions): Promise<CurationPlan> {
  const { products, signal, seed, onProgress } = options
  const count = set.rows.length
  if (count === 0) throw new EngineError('BAD_REQUEST', 'curate: there are no vectors')
  const neighbours = await nearestNeighbours(set, neighbourCount, { products, signal, onProgress: (done) => onProgress?.((neighboursShare * done) / count) })
  const stands = standIns(neighbours, options.duplicateSimilarity, options.worth)
  const unique = Uint32Array.from(stands.keys()).filter((position) => stands[position] === position)
  const uniqueSet = takeVectors(set, unique)
  const clustered = await kMeans(uniqueSet, {
    clusters: options.clusters,
    restarts,
    seed,
    products,
    signal,
    onProgress: (share) => onProgress?.(neighboursShare + (1 - neighboursShare) * share),
  })

  // Clusters are told largest first, counting duplicates with those that stand for them.
  const labelOf = new Int32Array(count)
  unique.forEach((position, index) => {
    labelOf[position] = clustered.labels[index]!
  })
  const before = new Uint32Array(clustered.clusters)
  for (const stand of stands) before[labelOf[stand]!]!++
  const order = Uint32Array.from(before.keys()).sort((a, b) => before[b]! - before[a]! || a - b)
  const placeOf = new Int32Array(order.length)
  order.forEach((cluster, place) => {
    placeOf[cluster] = place
  })
  const members = membersOf(clustered.labels.map((cluster) => placeOf[cluster]!), order.length)
  const sizes = Uint32Array.from(members, (list) => list.length)
  const quotas = evenQuotas(sizes, options.target)
  const chosen = members.flatMap((list, cluster) => Array.from(samplePositions(list.length, quotas[cluster]!, randomStreamAt(seed, 'curate', cluster)), (index) => list[index]!))
  const measures = await measureClusters(uniqueSet, clustered.labels.map((cluster) => placeOf[cluster]!), order.length, 1, { products, signal })

  const keeps = new Uint8Array(unique.length)
  for (const index of chosen) keeps[index] = 1
  const rowsWhere = (keep: 0 | 1): Uint32Array => uniqueSet.rows.filter((_, index) => keeps[index] === keep)
  const sizesBefore = Uint32Array.from(order, (cluster) => before[cluster]!)
  return {
    kept: rowsWhere(1),
    duplicates: set.rows.filter((_, position) => stands[position] !== position),
    balancedAway: rowsWhere(0),
    perCluster: Uint32Array.from([...order.keys()].flatMap((place) => [sizesBefore[place]!, sizes[place]!, quotas[place]!])),
    representatives: Uint32Array.from(measures.representatives, (list) => uniqueSet.rows[list[0]!]!),
    evennessBefore: evenness(sizesBefore),
    evennessAfter: evenness(quotas),
  }
}
