/** @file Whether a group of patches from two pictures is one thing that both have. Means over pairs are products of sums, so no pair is ever looked at. */

/** Patches that are taken together: how many, and the sum of their unit tokens. */
export interface PatchSum {
  readonly count: number
  /** float64 [dim]. */
  readonly sum: Float64Array
}

/** The patches of one group in each picture. */
export interface TwoSides {
  readonly left: PatchSum
  readonly right: PatchSum
}

/** A side with less than this share of its picture is a stray patch or two. */
const leastShare = 0.005
const leastPatches = 2
/** How much of what holds each side together, beyond chance, must hold across. */
const commonAgreement = 0.5
/** How much more alike than by chance the sides must be, of how much they could be: tokens without structure are alike for none of it. */
const leastSimilarity = 0.1
/** From here on two groups are pieces of the same thing. */
const alikeAgreement = 0.8

function dot(a: Float64Array, b: Float64Array): number {
  let total = 0
  for (let index = 0; index < a.length; index++) total += a[index]! * b[index]!
  return total
}

export function together(...sums: readonly PatchSum[]): PatchSum {
  const total = new Float64Array(sums[0]?.sum.length ?? 0)
  for (const { sum } of sums) for (let index = 0; index < total.length; index++) total[index]! += sum[index]!
  return { count: sums.reduce((count, some) => count + some.count, 0), sum: total }
}

/** All of several groups as one. */
export function joinSides(groups: readonly TwoSides[]): TwoSides {
  return { left: together(...groups.map(({ left }) => left)), right: together(...groups.map(({ right }) => right)) }
}

/** Mean cosine of each of the one with each of the other; 0 where there is none. */
export function meanCosine(one: PatchSum, other: PatchSum): number {
  return dot(one.sum, other.sum) / Math.max(1, one.count * other.count)
}

/** Mean cosine of all pairs of different patches; 1 where there is no pair. */
function ownCosine({ count, sum }: PatchSum): number {
  return count < 2 ? 1 : (dot(sum, sum) - count) / (count * (count - 1))
}

/**
 * Sums of each group on both sides.
 * @param matrix float32 [left + right, dim] of unit rows, the left picture's first
 * @param labels [left + right], 0 .. groups − 1; −1 for patches that are left out
 */
export function sumSides(matrix: Float32Array, dim: number, leftCount: number, labels: ArrayLike<number>, groups: number): readonly TwoSides[] {
  const sums = Array.from({ length: 2 * groups }, () => new Float64Array(dim))
  const counts = new Uint32Array(2 * groups)
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!
    if (label < 0) continue
    const at = 2 * label + (row < leftCount ? 0 : 1)
    counts[at]!++
    for (let index = 0; index < dim; index++) sums[at]![index]! += matrix[row * dim + index]!
  }
  const side = (at: number): PatchSum => ({ count: counts[at]!, sum: sums[at]! })
  return Array.from({ length: groups }, (_, label) => ({ left: side(2 * label), right: side(2 * label + 1) }))
}

/**
 * How much two groups of patches are like each other, of how much each is like itself, both beyond chance: 1 for two
 * halves of one thing, 0 for any two.
 * @param chance mean cosine of any patch of the one picture with any of the other
 */
function agreement(one: PatchSum, other: PatchSum, chance: number): number {
  const own = Math.sqrt(Math.max(0, ownCosine(one)) * Math.max(0, ownCosine(other))) - chance
  return own <= 0 ? 0 : (meanCosine(one, other) - chance) / own
}

/** Groups that are pieces of one thing, wherever they lie. */
export function areAlike(one: TwoSides, other: TwoSides, chance: number): boolean {
  return agreement(together(one.left, one.right), together(other.left, other.right), chance) >= alikeAgreement
}

/** Both pictures have it: enough patches on each side, and the sides are alike, beyond chance and as much as each is to itself. `all` is both pictures whole. */
export function isCommon({ left, right }: TwoSides, all: TwoSides, chance: number): boolean {
  const enough = (some: PatchSum, picture: PatchSum): boolean => some.count >= Math.min(picture.count, Math.max(leastPatches, leastShare * picture.count))
  return enough(left, all.left) && enough(right, all.right) && meanCosine(left, right) - chance > leastSimilarity * (1 - chance) && agreement(left, right, chance) > commonAgreement
}
