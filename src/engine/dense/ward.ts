/** @file Ward's merges: which groups become one, from as many as there are to a single one. */
import { inSlices } from '../collection'
import { EngineError } from '../contract'

/** Merges in order. */
export interface WardTree {
  /** Step i makes group `n + i` of the two named, the lower first; uint16 [n − 1, 2]. */
  readonly merges: Uint16Array
  /** √(2ab / (a + b)) · distance of the two means, of a and b members, as SciPy gives it; float32 [n − 1], rising. */
  readonly heights: Float32Array
}

/** Numbers of groups take 16 bits. */
const mostGroups = 32_768
/** Columns of means compared before the event loop turns: some milliseconds. */
const columnsAtOnce = 2 ** 22

/**
 * Joins the two groups that raise the sum of squared distances from the means the least, until one is left; of equal pairs
 * the first. n² distances in memory; each group keeps its nearest after it, so most steps read a row and not all of them.
 * @param vectors means of the groups to begin with, float32 [n, dim]
 * @param weights their members, float32 [n], each above 0
 * Source: Ward, "Hierarchical grouping to optimize an objective function" (1963).
 * @throws EngineError BAD_REQUEST for more groups than can be numbered; the signal's reason
 */
export async function wardTree(vectors: Float32Array, weights: Float32Array, dim: number, signal: AbortSignal): Promise<WardTree> {
  const count = weights.length
  if (count > mostGroups) throw new EngineError('BAD_REQUEST', `wardTree: ${count} groups; at most ${mostGroups} can be joined`)
  const merges = new Uint16Array(2 * Math.max(0, count - 1))
  const heights = new Float32Array(Math.max(0, count - 1))
  const means = Float64Array.from(vectors)
  const sizes = Float64Array.from(weights)
  /** Group that each place holds now, −1 once it has gone into another. */
  const groups = Int32Array.from({ length: count }, (_, place) => place)
  const distances = new Float64Array(count * count)
  const cost = (a: number, b: number): number => {
    let square = 0
    for (let column = 0; column < dim; column++) square += (means[a * dim + column]! - means[b * dim + column]!) ** 2
    return (square * sizes[a]! * sizes[b]!) / (sizes[a]! + sizes[b]!)
  }
  /** Of each place the nearest of those after it, −1 for none. */
  const nearest = new Int32Array(count).fill(-1)
  const nearness = (a: number): number => (nearest[a]! < 0 ? Infinity : distances[a * count + nearest[a]!]!)
  const seek = (a: number): void => {
    nearest[a] = -1
    for (let b = a + 1; b < count; b++) if (groups[b]! >= 0 && distances[a * count + b]! < nearness(a)) nearest[a] = b
  }
  const join = (step: number): void => {
    let [first, least] = [-1, Infinity]
    for (let a = 0; a < count; a++) if (groups[a]! >= 0 && nearness(a) < least) [first, least] = [a, nearness(a)]
    const second = nearest[first]!
    merges.set([groups[first]!, groups[second]!].sort((x, y) => x - y), 2 * step)
    heights[step] = Math.sqrt(2 * least)
    const total = sizes[first]! + sizes[second]!
    for (let column = 0; column < dim; column++)
      means[first * dim + column] = (means[first * dim + column]! * sizes[first]! + means[second * dim + column]! * sizes[second]!) / total
    sizes[first] = total
    groups[first] = count + step
    groups[second] = -1
    for (let other = 0; other < count; other++) if (other !== first && groups[other]! >= 0) distances[Math.min(first, other) * count + Math.max(first, other)] = cost(first, other)
    for (let other = 0; other < second; other++) {
      if (groups[other]! < 0) continue
      const found = nearest[other]!
      if (other === first || found === first || found === second) seek(other)
      else if (other < first) {
        const distance = distances[other * count + first]!
        if (distance < nearness(other) || (distance === nearness(other) && first < found)) nearest[other] = first
      }
    }
  }
  // A row of distances takes up to as many columns as a step does.
  const atOnce = Math.max(1, Math.floor(columnsAtOnce / Math.max(1, count * dim)))
  await inSlices(count, atOnce, signal, (from, to) => {
    for (let a = from; a < to; a++) {
      for (let b = a + 1; b < count; b++) distances[a * count + b] = cost(a, b)
      seek(a)
    }
  })
  await inSlices(count - 1, atOnce, signal, (from, to) => {
    for (let step = from; step < to; step++) join(step)
  })
  return { merges, heights }
}
