/** @file Parts of one picture from fine to coarse: groups of its patch tokens, and in which order they become one. */
import { kMeans } from '../../collection'
import type { PartTree } from '../../contract'
import { normaliseRows, patchTokens, type AnalysisState, type RowProducts } from '../../inference'
import { wardTree } from '../ward'

/** Finest groups: more than a person tells apart. */
const mostGroups = 24
/** Patches of a group on average, at the least; a picture of few patches has fewer groups. */
const leastPatches = 3
const seed = 1
/** Steps after which the groups are taken as they are: what still moves are patches between two of them, and a click should be answered at once. */
const maxIterations = 16
/** Rows brought to unit length between two turns of the event loop. */
const rowsAtOnce = 4096

async function unitTokens(tokens: Float32Array, dim: number): Promise<Float32Array> {
  const unit = new Float32Array(tokens.length)
  for (let from = 0; from < tokens.length; from += rowsAtOnce * dim) {
    if (from > 0) await new Promise(setImmediate)
    unit.set(normaliseRows(tokens.subarray(from, from + rowsAtOnce * dim), dim), from)
  }
  return unit
}

/**
 * Groups unit tokens around directions, then joins the two groups whose becoming one costs least, over and over (Ward,
 * each group weighted by its patches). The same tokens give the same parts.
 * @param unit float32 [patches, dim], at unit length
 * @throws EngineError RUNTIME
 */
export async function partTree(unit: Float32Array, dim: number, products: RowProducts): Promise<PartTree> {
  const count = unit.length / dim
  const set = { dim, rows: Uint32Array.from({ length: count }, (_, row) => row), matrix: unit }
  const clusters = Math.max(1, Math.min(mostGroups, Math.floor(count / leastPatches)))
  // A call has no cancel; this ends within a second.
  const { signal } = new AbortController()
  const { labels, clusters: groups } = await kMeans(set, { clusters, restarts: 1, seed, maxIterations, products, signal })
  const sizes = new Float32Array(groups)
  const means = new Float32Array(groups * dim)
  labels.forEach((label, row) => {
    sizes[label]!++
    for (let column = 0; column < dim; column++) means[label * dim + column]! += unit[row * dim + column]!
  })
  const { merges, heights } = await wardTree(means.map((sum, index) => sum / sizes[Math.floor(index / dim)]!), sizes, dim, signal)
  return { labels: Uint8Array.from(labels), groups, merges, heights }
}

/** {@link partTree} of a picture that has been looked at. @throws EngineError RUNTIME */
export async function pictureParts(analysis: AnalysisState, products: RowProducts): Promise<PartTree> {
  const { dim } = analysis.backbone.config
  return partTree(await unitTokens(patchTokens(analysis), dim), dim, products)
}
