/** @file Groups of patch tokens that mean the same in every picture: how many, which, and how much they explain. */
import { kMeans, type KMeansOptions, type KMeansResult, type VectorSet } from '../../collection'

export interface SegmentFit {
  /** Found; fewer than wanted where there are not so many different patches. */
  readonly segments: number
  /** int32 [patches]. */
  readonly labels: Int32Array
  /** float32 [segments, dim], at unit length. */
  readonly centres: Float32Array
  /** Share of the patches' spread around their common mean that the segments explain, 0..1. */
  readonly explained: number
  /** What was tried where the number was chosen, rising. */
  readonly tried: readonly { readonly segments: number; readonly explained: number }[]
}

export interface FindSegmentsOptions extends Omit<KMeansOptions, 'clusters'> {
  readonly segments: number | 'auto'
}

/** Numbers that are tried where one is to be chosen. */
export const triedSegments = [2, 3, 4, 6, 8, 11, 16, 22, 32] as const

/** Length of the mean of unit vectors: their mean cosine with the best single direction. */
export function meanLength({ dim, rows, matrix }: VectorSet): number {
  const sums = new Float64Array(dim)
  for (let index = 0; index < matrix.length; index++) sums[index % dim]! += matrix[index]!
  return Math.sqrt(sums.reduce((square, sum) => square + sum * sum, 0)) / Math.max(1, rows.length)
}

/** 1 − (spread that is left) / (spread around one direction), 0..1; spread is 1 − mean cosine. */
function explainedBy(meanCosine: number, oneDirection: number): number {
  return oneDirection >= 1 - 1e-9 ? 1 : Math.min(1, Math.max(0, 1 - (1 - meanCosine) / (1 - oneDirection)))
}

/**
 * The number after which more explain little: the point farthest above the straight line from the first to the last, over the
 * logarithm of the number. Source: Satopää et al., "Finding a Kneedle in a Haystack" (2011).
 */
export function kneeOf(tried: SegmentFit['tried']): number {
  const [first, last] = [tried[0], tried.at(-1)]
  if (first === undefined || last === undefined || tried.length < 3) return last?.segments ?? 1
  const run = Math.log(last.segments / first.segments)
  const rise = last.explained - first.explained
  const above = ({ segments, explained }: (typeof tried)[number]): number => explained - first.explained - (rise * Math.log(segments / first.segments)) / run
  return tried.reduce((best, one) => (above(one) > above(best) + 1e-9 ? one : best)).segments
}

/**
 * Segments of patches by k-means around directions. The same seed gives the same segments, to the bit.
 * @param patches compact patch tokens of all pictures at unit length
 * @throws EngineError BAD_REQUEST without patches; the signal's reason
 */
export async function findSegments(patches: VectorSet, { segments, onProgress, ...options }: FindSegmentsOptions): Promise<SegmentFit> {
  const oneDirection = meanLength(patches)
  const fit = (result: KMeansResult, tried: SegmentFit['tried']): SegmentFit => ({
    segments: result.clusters,
    labels: result.labels,
    centres: result.centres,
    explained: explainedBy(result.meanCosine, oneDirection),
    tried,
  })
  if (segments !== 'auto') return fit(await kMeans(patches, { ...options, clusters: segments, ...(onProgress === undefined ? {} : { onProgress }) }), [])
  const tried: { segments: number; explained: number }[] = []
  const results: KMeansResult[] = []
  const wanted = triedSegments.filter((count) => count <= patches.rows.length)
  const all = wanted.reduce((sum, count) => sum + count, 0)
  let done = 0
  for (const count of wanted) {
    const result = await kMeans(patches, { ...options, clusters: count, onProgress: (share) => onProgress?.((done + share * count) / all) })
    done += count
    // More than there are different patches explain no more.
    if (result.clusters === results.at(-1)?.clusters) break
    results.push(result)
    tried.push({ segments: result.clusters, explained: explainedBy(result.meanCosine, oneDirection) })
  }
  const chosen = kneeOf(tried)
  return fit(results.find(({ clusters }) => clusters === chosen) ?? results.at(-1)!, tried)
}
