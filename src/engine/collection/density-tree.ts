/** @file The hierarchy behind density clusters: a spanning tree over exact neighbours, and what falls apart in which order. */
import { createUnionFind, type UnionFind } from '../display'
import type { ProductOptions } from './centres'
import { jointsOf } from './density-joints'
import type { Neighbours } from './neighbours'
import { risingOrder } from './order'
import { inSlices } from './slices'
import type { VectorSet } from './vector-set'

/** An edge of the spanning tree. All of length count − 1, sorted by rising distance. */
export interface SpanningTree {
  readonly left: Uint32Array
  readonly right: Uint32Array
  /** Mutual reachability, float32. */
  readonly distance: Float32Array
}

/** Chords shorter than this are not told apart: a float32 cosine near 1 has steps of 6e-8, which is a chord of 3.5e-4. */
const shortestChord = 1e-3

/** Distance of unit vectors, |x − y| = √(2 − 2 cos): Euclidean distance, which density is commonly measured by. */
function chord(cosine: number): number {
  return Math.max(shortestChord, Math.sqrt(Math.max(0, 2 - 2 * cosine)))
}

/** Distance within which each vector has `samples` vectors, itself counted as one of them; float32 [count]. */
export function coreDistances({ k, cosines }: Neighbours, samples: number): Float32Array {
  const place = Math.min(k, Math.max(1, samples - 1)) - 1
  return Float32Array.from({ length: cosines.length / k }, (_, position) => {
    const cosine = cosines[position * k + place]!
    return cosine === -Infinity ? Infinity : chord(cosine)
  })
}

/** The lightest edge that leaves each part, as it is found. Equal ones go by their ends, so that no cycle can come about. */
function createLightest(count: number) {
  const distance = new Float32Array(count)
  const low = new Uint32Array(count)
  const high = new Uint32Array(count)
  return {
    distance,
    low,
    high,
    clear: () => distance.fill(Infinity),
    offer: (part: number, weight: number, a: number, b: number): void => {
      const known = distance[part]!
      if (weight > known || weight === Infinity) return
      const first = Math.min(a, b)
      const second = Math.max(a, b)
      if (weight === known && (first > low[part]! || (first === low[part]! && second >= high[part]!))) return
      distance[part] = weight
      low[part] = first
      high[part] = second
    },
  }
}

/** Mutual reachability of two vectors, rounded to float32 so that equal ones are equal. */
function reachability(core: Float32Array, a: number, b: number, cosine: number): number {
  return Math.max(core[a]!, core[b]!, Math.fround(chord(cosine)))
}

/** What hangs together: the items of each part, rising. */
function membersOf(parts: UnionFind, count: number): Uint32Array[] {
  const members = new Map<number, number[]>()
  for (let item = 0; item < count; item++) {
    const list = members.get(parts.find(item))
    if (list === undefined) members.set(item, [item])
    else list.push(item)
  }
  return Array.from(members.values(), (list) => Uint32Array.from(list))
}

/**
 * The minimum spanning tree of the mutual reachability distances max(core a, core b, |a − b|) over the pairs that are
 * neighbours, by Borůvka's rounds; parts without any neighbours between them are joined by {@link jointsOf}.
 * @throws the signal's reason
 */
export async function spanningTree(set: VectorSet, { k, positions, cosines }: Neighbours, core: Float32Array, options: ProductOptions): Promise<SpanningTree> {
  const { signal } = options
  const count = core.length
  const parts = createUnionFind(count)
  const [left, right, distances] = [new Uint32Array(count - 1), new Uint32Array(count - 1), new Float32Array(count - 1)]
  let edges = 0
  const join = (a: number, b: number, distance: number): void => {
    if (!parts.join(a, b)) return
    left[edges] = a
    right[edges] = b
    distances[edges++] = distance
  }
  const lightest = createLightest(count)
  for (let before = -1; before !== edges; ) {
    before = edges
    lightest.clear()
    await inSlices(count, 8192, signal, (from, to) => {
      for (let a = from; a < to; a++) {
        const partA = parts.find(a)
        for (let place = 0; place < k; place++) {
          const b = positions[a * k + place]!
          if (b < 0) break
          const partB = parts.find(b)
          if (partA === partB) continue
          const distance = reachability(core, a, b, cosines[a * k + place]!)
          lightest.offer(partA, distance, a, b)
          lightest.offer(partB, distance, a, b)
        }
      }
    })
    for (let part = 0; part < count; part++)
      if (lightest.distance[part] !== Infinity) join(lightest.low[part]!, lightest.high[part]!, lightest.distance[part]!)
  }
  for (const { a, b, cosine } of await jointsOf(set, membersOf(parts, count), options)) join(a, b, reachability(core, a, b, cosine))
  const order = await risingOrder(distances, signal)
  return { left: order.map((edge) => left[edge]!), right: order.map((edge) => right[edge]!), distance: Float32Array.from(order, (edge) => distances[edge]!) }
}

/**
 * Single linkage: merge m of two nodes makes node count + m. Vectors are nodes 0 .. count − 1, the last merge is the root.
 */
export interface Linkage {
  readonly count: number
  readonly left: Uint32Array
  readonly right: Uint32Array
  readonly distance: Float32Array
  /** Vectors below each node, uint32 [2 count − 1]. */
  readonly sizes: Uint32Array
}

/** The hierarchy that a spanning tree describes. */
export function singleLinkage({ left, right, distance }: SpanningTree): Linkage {
  const count = distance.length + 1
  const groups = createUnionFind(count)
  // The node that stands for each group, under the group's first vector.
  const nodeOf = Uint32Array.from({ length: count }, (_, item) => item)
  const sizes = new Uint32Array(2 * count - 1).fill(1, 0, count)
  const [nodesLeft, nodesRight] = [new Uint32Array(count - 1), new Uint32Array(count - 1)]
  for (let merge = 0; merge < count - 1; merge++) {
    const [a, b] = [nodeOf[groups.find(left[merge]!)]!, nodeOf[groups.find(right[merge]!)]!]
    nodesLeft[merge] = a
    nodesRight[merge] = b
    groups.join(left[merge]!, right[merge]!)
    nodeOf[groups.find(left[merge]!)] = count + merge
    sizes[count + merge] = sizes[a]! + sizes[b]!
  }
  return { count, left: nodesLeft, right: nodesRight, distance, sizes }
}
