/** @file Parts that two pictures have in common: clusters of the patches of both together that are there in both. */
import { kMeans, type ProductOptions, type VectorSet } from '../../collection'
import { EngineError, type CommonParts } from '../../contract'
import { requireSameDim, type UnitPatches } from './patch-matches'
import { areAlike, isCommon, joinSides, meanCosine, sumSides, type TwoSides } from './two-sides'

export interface PartPatches extends UnitPatches {
  /** How much the picture's CLS token looks at each patch, float32 [patches]; undefined where that is not known, and nothing is background. */
  readonly attention: Float32Array | undefined
}

export interface CommonOptions extends ProductOptions {
  /** So many parts at most. */
  readonly parts: number
}

/** Label of patches of no part; so there are fewer labels than this. */
const none = 255
/** The first clusters are to be finer than parts: a background that is cut finely comes off cleanly. */
const finer = 2
const leastClusters = 10
const restarts = 3
/** Deterministic: the same two pictures have the same parts. */
const seed = 0
/** A cluster that is looked at for less than this, where 1 is what a patch gets on average, is background. */
const leastAttention = 0.75

/** Rows whose label is wanted, clustered alone; −1 for the others. */
async function clusterRows(set: VectorSet, wanted: Uint8Array, clusters: number, options: ProductOptions): Promise<{ readonly labels: Int32Array; readonly groups: number }> {
  const rows = set.rows.filter((row) => wanted[row] === 1)
  const labels = new Int32Array(set.rows.length).fill(-1)
  if (rows.length === 0) return { labels, groups: 0 }
  const matrix = new Float32Array(rows.length * set.dim)
  rows.forEach((row, index) => matrix.set(set.matrix.subarray(row * set.dim, (row + 1) * set.dim), index * set.dim))
  const found = await kMeans({ dim: set.dim, rows, matrix }, { ...options, clusters, restarts, seed })
  rows.forEach((row, index) => (labels[row] = found.labels[index]!))
  return { labels, groups: found.clusters }
}

/** Mean attention of each label, where 1 is what a patch of its picture gets on average; the mean of the two sides, so that a large side does not decide alone. */
function attentionOf(sides: readonly PartPatches[], labels: Int32Array, groups: number): Float64Array | undefined {
  const total = new Float64Array(groups)
  let first = 0
  for (const { attention, tokens, dim } of sides) {
    if (attention === undefined) return undefined
    const patches = tokens.length / dim
    const mean = attention.reduce((sum, weight) => sum + weight, 0) / patches
    const [sums, counts] = [new Float64Array(groups), new Float64Array(groups)]
    for (let patch = 0; patch < patches; patch++) {
      const label = labels[first + patch]!
      if (label < 0) continue
      sums[label]! += attention[patch]! / Math.max(1e-12, mean)
      counts[label]!++
    }
    for (let label = 0; label < groups; label++) total[label]! += sums[label]! / Math.max(1, counts[label]!) / sides.length
    first += patches
  }
  return total
}

/** Groups of both pictures, and what makes one of them common. */
interface Judged {
  readonly sides: readonly TwoSides[]
  readonly all: TwoSides
  /** Mean cosine of any patch of the one picture with any of the other. */
  readonly chance: number
}

/** A cut through one thing may leave most of a side on one side of it: a group is judged with the others that are like it. */
function isSharedWithAlike({ sides, all, chance }: Judged, label: number): boolean {
  const own = sides[label]!
  return isCommon(joinSides(sides.filter((other) => other === own || areAlike(own, other, chance))), all, chance)
}

/** For each group the common one that it is, or is a piece of; −1 where there is none. */
function homesOf({ sides, all, chance }: Judged): readonly number[] {
  const common = [...sides.keys()].filter((label) => isCommon(sides[label]!, all, chance))
  return sides.map((own, label) => (common.includes(label) ? label : (common.find((other) => areAlike(own, sides[other]!, chance)) ?? -1)))
}

/**
 * First the patches of both pictures are clustered together and finely; clusters that only one picture has go, and of the
 * rest those that are hardly looked at, as background, unless nothing else is left. What stays is clustered once more
 * into parts, of which again those count that both pictures have.
 * Source: Amir et al., "Deep ViT Features as Dense Visual Descriptors" (arXiv 2112.05814), §4.1-4.2.
 * @returns parts from most to least similar, at most as many as wanted; none where the pictures have nothing in common
 * @throws EngineError BAD_REQUEST for tokens of different models or an impossible number of parts, RUNTIME; the signal's reason
 */
export async function commonParts(left: PartPatches, right: PartPatches, options: CommonOptions): Promise<CommonParts> {
  const { parts, products, signal } = options
  requireSameDim(left, right)
  if (!(parts >= 1 && parts < none)) throw new EngineError('BAD_REQUEST', `${parts} parts; 1 to ${none - 1} can be told apart`)
  const { dim } = left
  const leftCount = left.tokens.length / dim
  const count = leftCount + right.tokens.length / dim
  const matrix = new Float32Array(count * dim)
  matrix.set(left.tokens)
  matrix.set(right.tokens, left.tokens.length)
  const set = { dim, rows: Uint32Array.from({ length: count }, (_, row) => row), matrix }

  const fine = await clusterRows(set, new Uint8Array(count).fill(1), Math.max(leastClusters, finer * parts), { products, signal })
  const sides = sumSides(matrix, dim, leftCount, fine.labels, fine.groups)
  const all = joinSides(sides)
  const chance = meanCosine(all.left, all.right)
  const shared = [...sides.keys()].filter((label) => isSharedWithAlike({ sides, all, chance }, label))
  const attention = attentionOf([left, right], fine.labels, fine.groups)
  const lookedAt = attention === undefined ? shared : shared.filter((label) => attention[label]! >= leastAttention)
  const kept = new Set(lookedAt.length > 0 ? lookedAt : shared)

  const wanted = Uint8Array.from(fine.labels, (label) => (kept.has(label) ? 1 : 0))
  const coarse = await clusterRows(set, wanted, parts, { products, signal })
  const homes = homesOf({ sides: sumSides(matrix, dim, leftCount, coarse.labels, coarse.groups), all, chance })
  const labels = coarse.labels.map((label) => (label < 0 ? -1 : homes[label]!))
  const similarity = sumSides(matrix, dim, leftCount, labels, coarse.groups).map((part) => meanCosine(part.left, part.right))
  const ranked = [...new Set(homes)].filter((label) => label >= 0).sort((a, b) => similarity[b]! - similarity[a]! || a - b)
  const named = (from: number, to: number): Uint8Array => Uint8Array.from(labels.subarray(from, to), (label) => (label < 0 ? none : ranked.indexOf(label)))
  return { left: named(0, leftCount), right: named(leftCount, count), similarity: ranked.map((label) => similarity[label]!) }
}
