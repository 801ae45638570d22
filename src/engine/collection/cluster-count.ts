/** @file How many clusters there seem to be: the number with the best silhouette. */
import { randomStreamAt } from '../tensor'
import { cosinesWithCentres } from './centres'
import { meanSilhouette } from './cluster-measures'
import { kMeans, type KMeansOptions } from './kmeans'
import { samplePositions, takeVectors } from './sample'
import type { VectorSet } from './vector-set'

export interface ClusterCount {
  readonly clusters: number
  /** Mean simplified silhouette of each number that was tried. */
  readonly tried: readonly { readonly clusters: number; readonly silhouette: number }[]
}

/** From 2 to 30 in steps of about a fifth: a number between two of these would look much the same. */
const candidates = [2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 25, 30]
/** Enough for 270 pictures in each of 30 clusters. */
const sampleSize = 8192
const restarts = 2
/** Apart from the streams of restarts. */
const sampleStream = 0xffffffff

/**
 * Tries several numbers of clusters on a sample and gives the one whose clusters are most separate; of equal ones the smallest.
 * @throws the signal's reason
 */
export async function chooseClusterCount(set: VectorSet, options: Omit<KMeansOptions, 'clusters' | 'restarts'>): Promise<ClusterCount> {
  const sample = takeVectors(set, samplePositions(set.rows.length, sampleSize, randomStreamAt(options.seed, 'cluster', sampleStream)))
  const possible = candidates.filter((clusters) => clusters < sample.rows.length)
  const tried: { clusters: number; silhouette: number }[] = []
  for (const [index, clusters] of possible.entries()) {
    const share = (done: number): void => options.onProgress?.((index + done) / possible.length)
    const result = await kMeans(sample, { ...options, clusters, restarts, onProgress: share })
    tried.push({ clusters, silhouette: meanSilhouette(await cosinesWithCentres(sample, result.centres, options), result.clusters) })
  }
  const best = tried.reduce<ClusterCount['tried'][number] | undefined>((a, b) => (a === undefined || b.silhouette > a.silhouette ? b : a), undefined)
  return { clusters: best?.clusters ?? 1, tried }
}
