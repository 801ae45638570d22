/** @file Spherical k-means: vectors of unit length, cosine, several beginnings of which the best counts. */
import { EngineError } from '../contract'
import { randomStreamAt } from '../tensor'
import { cosinesWithCentres, directions, emptySums, relabel, type CentreCosines, type ClusterSums, type ProductOptions } from './centres'
import { seedPositions } from './kmeans-seeding'
import { samplePositions, takeVectors } from './sample'
import type { VectorSet } from './vector-set'

export interface KMeansOptions extends ProductOptions {
  readonly clusters: number
  readonly restarts: number
  readonly seed: number
  /** Ends after so many steps where it has not settled before; by default 100. */
  readonly maxIterations?: number
  /** Share of the work that is done, 0..1. */
  readonly onProgress?: (share: number) => void
}

export interface KMeansResult {
  /** Clusters that have pictures; fewer than wanted where there are not so many different vectors. */
  readonly clusters: number
  /** int32 [count], 0 .. clusters − 1. */
  readonly labels: Int32Array
  /** float32 [clusters, dim], at unit length. */
  readonly centres: Float32Array
  /** Mean cosine of the vectors with their centres: what is made large. */
  readonly meanCosine: number
  readonly iterations: number
}

const manyIterations = 100
/** It has settled when no more than this share of the vectors still changes its cluster. */
const settledShare = 0.001
/** Centres are drawn from so many vectors: enough to find them, and a pass over more would take longer than all that follows. */
const seedingSample = 32_768
/** What the beginning takes of a restart, for the progress. */
const seedingShare = 0.3
/** A vector this near to its centre is no reason for a cluster of its own. */
const sameCosine = 1 - 1e-6

/** Gives each empty cluster the vector that lies farthest from its own centre, in a cluster that can spare it. */
function fillEmpty({ labels, own }: CentreCosines, clusters: number): void {
  const sizes = new Uint32Array(clusters)
  for (const label of labels) sizes[label]!++
  for (let cluster = 0; cluster < clusters; cluster++) {
    if (sizes[cluster]! > 0) continue
    let farthest = -1
    for (let position = 0; position < labels.length; position++)
      if (sizes[labels[position]!]! > 1 && own[position]! < (farthest < 0 ? sameCosine : own[farthest]!)) farthest = position
    if (farthest < 0) return
    sizes[labels[farthest]!]!--
    sizes[cluster] = 1
    labels[farthest] = cluster
    own[farthest] = 1
  }
}

/** Numbers the clusters that have vectors anew from 0, in their order. */
function withoutEmpty({ sizes }: ClusterSums, labels: Int32Array, centres: Float32Array, dim: number): Pick<KMeansResult, 'clusters' | 'labels' | 'centres'> {
  const kept = [...sizes.keys()].filter((cluster) => sizes[cluster]! > 0)
  if (kept.length === sizes.length) return { clusters: kept.length, labels, centres }
  const renamed = new Int32Array(sizes.length)
  const packed = new Float32Array(kept.length * dim)
  kept.forEach((cluster, index) => {
    renamed[cluster] = index
    packed.set(centres.subarray(cluster * dim, (cluster + 1) * dim), index * dim)
  })
  return { clusters: kept.length, labels: labels.map((label) => renamed[label]!), centres: packed }
}

async function runOnce(set: VectorSet, restart: number, options: KMeansOptions): Promise<KMeansResult> {
  const { dim, rows } = set
  const { seed, signal, onProgress, maxIterations = manyIterations } = options
  const random = randomStreamAt(seed, 'cluster', restart)
  const sample = takeVectors(set, samplePositions(rows.length, Math.max(seedingSample, 4 * options.clusters), random))
  const seeds = await seedPositions(sample, Math.min(options.clusters, rows.length), random, options)
  let centres = takeVectors(sample, Uint32Array.from(seeds)).matrix
  onProgress?.(seedingShare)
  const state = emptySums(rows.length, seeds.length, dim)
  let cosines = 0
  let iterations = 0
  while (iterations < maxIterations) {
    iterations++
    const assigned = await cosinesWithCentres(set, centres, options)
    cosines = assigned.own.reduce((sum, cosine) => sum + cosine, 0)
    fillEmpty(assigned, seeds.length)
    const changed = await relabel(state, set, assigned.labels, signal)
    if (changed === 0) break
    centres = directions(state, dim)
    if (changed <= settledShare * rows.length) break
    // How many are to come is not known; each brings it nearer.
    onProgress?.(1 - (1 - seedingShare) * 0.85 ** iterations)
  }
  return { ...withoutEmpty(state, state.labels, centres, dim), meanCosine: cosines / rows.length, iterations }
}

/**
 * Clusters vectors around directions; of several beginnings the one with the largest mean cosine is taken.
 * The same seed gives the same clusters.
 * @throws EngineError BAD_REQUEST without vectors or for fewer than one cluster; the signal's reason
 */
export async function kMeans(set: VectorSet, options: KMeansOptions): Promise<KMeansResult> {
  const { clusters, restarts, onProgress } = options
  if (set.rows.length === 0) throw new EngineError('BAD_REQUEST', 'k-means: there are no vectors')
  if (!(clusters >= 1 && restarts >= 1)) throw new EngineError('BAD_REQUEST', `k-means: ${clusters} clusters and ${restarts} restarts; at least 1 of each is needed`)
  let best: KMeansResult | undefined
  for (let restart = 0; restart < restarts; restart++) {
    const result = await runOnce(set, restart, { ...options, onProgress: (share) => onProgress?.((restart + share) / restarts) })
    if (best === undefined || result.meanCosine > best.meanCosine) best = result
    onProgress?.((restart + 1) / restarts)
  }
  return best!
}
