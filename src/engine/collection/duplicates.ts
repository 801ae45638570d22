/** @file Pairs of pictures that are the same file, the same picture, or nearly the same scene. */
import type { DuplicatePairs } from '../contract'
import { createUnionFind } from '../display'
import type { ProductOptions } from './centres'
import { eachLookPair, lookDistance, risingGreys, type Looks } from './look-neighbours'
import { nearestNeighbours } from './neighbours'
import { risingOrder } from './order'
import { takeVectors } from './sample'
import { inSlices } from './slices'
import type { VectorSet } from './vector-set'

/** Pictures that are compared; all in the order of `rows`. */
export interface ComparedPictures {
  /** Rising, uint32 [count]. */
  readonly rows: Uint32Array
  /** sha256 of the bytes, where it is known. */
  readonly hashes: readonly (string | undefined)[]
  readonly looks: Looks
}

export interface DuplicateOptions extends ProductOptions {
  /** The least cosine of a similar scene. */
  readonly floor: number
  /** Pictures whose share of the comparing is done. */
  readonly onProgress?: (done: number) => void
}

/**
 * What makes two pictures the same one encoded again. Measured on 998 photos (497 503 pairs of different ones) and on twelve kinds of
 * copies of 250 of them. Looks of different photos differ in 32 of 64 bits as a rule and never in fewer than 6; eleven pairs differ
 * in at most 10, and the cosines of all but one of them are below 0.9 even by an untrained model. Of copies as JPEG of quality 50 or
 * 20, as WebP, of half or a quarter of the size, as a thumbnail of 128 pixels, brighter, grey, or cut by 2 %, at least 99.6 % are
 * within 10 bits; cut by 5 % 96 %, by 10 % half. Their cosines, where colours are the same, are above 0.94 in all but 1 %.
 */
const sameLook = { bits: 10, cosine: 0.9 } as const
/** Without vectors the look must do alone, so it is taken more strictly: 95 to 100 % of the copies that are not cut, 36 % of those cut by 5 %, and none of the pairs of different photos. */
const sameLookAlone = 4
/** Looks of plain pictures, where next to no grey rises or falls, say nothing alone; those of the 998 photos have from 8 to 53 that rise. */
const tellingGreys = { least: 8, most: 56 } as const
/** Copies of one picture are joined to a group through any of these. */
const neighbourCount = 20
const maxPairs = 500_000

interface PairList {
  readonly left: number[]
  readonly right: number[]
  readonly similarity: number[]
  readonly grade: number[]
}

function addPair(pairs: PairList, a: number, b: number, similarity: number, grade: 0 | 1 | 2): void {
  pairs.left.push(Math.min(a, b))
  pairs.right.push(Math.max(a, b))
  pairs.similarity.push(similarity)
  pairs.grade.push(grade)
}

/** Items that are the first of their bytes, rising; the others are told as pairs with it. */
function firstOfBytes(hashes: ComparedPictures['hashes'], pairs: PairList): Uint32Array<ArrayBuffer> {
  const first = new Map<string, number>()
  const kept: number[] = []
  hashes.forEach((hash, item) => {
    const known = hash === undefined ? undefined : first.get(hash)
    if (known !== undefined) {
      addPair(pairs, known, item, 1, 0)
      return
    }
    if (hash !== undefined) first.set(hash, item)
    kept.push(item)
  })
  return Uint32Array.from(kept)
}

/** Position in the set of each item, -1 where it has no vector. */
function positionsOf(rows: Uint32Array, set: VectorSet | undefined): Int32Array {
  const positions = new Int32Array(rows.length).fill(-1)
  let position = 0
  rows.forEach((row, item) => {
    while (set !== undefined && position < set.rows.length && set.rows[position]! < row) position++
    if (set?.rows[position] === row) positions[item] = position
  })
  return positions
}

/** Pairs among each other's nearest neighbours: grade 1 where the looks agree as well, else grade 2. */
async function addNeighbours(pairs: PairList, set: VectorSet, items: Uint32Array, looks: Looks, options: DuplicateOptions): Promise<void> {
  const { positions, cosines } = await nearestNeighbours(set, neighbourCount, options)
  const k = neighbourCount
  await inSlices(items.length, 4096, options.signal, (from, to) => {
    for (let at = from; at < to; at++)
      for (let place = 0; place < k; place++) {
        const other = positions[at * k + place]!
        // A pair that the other one lists too is told by the first of them.
        if (other < 0 || (other < at && positions.subarray(other * k, other * k + k).includes(at))) continue
        const cosine = Math.min(1, cosines[at * k + place]!)
        const [a, b] = [items[at]!, items[other]!]
        if (cosine >= sameLook.cosine && looks.known[a] === 1 && looks.known[b] === 1 && lookDistance(looks, a, b) <= sameLook.bits) addPair(pairs, a, b, cosine, 1)
        else if (cosine >= options.floor) addPair(pairs, a, b, cosine, 2)
      }
  })
}

/** Pairs of which one has no vector, by their looks alone. Of many that look the same only as many as hold them together. */
async function addLooks(pairs: PairList, looks: Looks, items: Uint32Array, positions: Int32Array, signal: AbortSignal): Promise<void> {
  const together = createUnionFind(positions.length)
  const telling = items.filter((item) => {
    const greys = risingGreys(looks, item)
    return looks.known[item] === 1 && greys >= tellingGreys.least && greys <= tellingGreys.most
  })
  await eachLookPair(looks, telling, sameLookAlone, signal, (a, b, distance) => {
    if ((positions[a]! < 0 || positions[b]! < 0) && together.join(a, b)) addPair(pairs, a, b, 1 - distance / 64, 1)
    return true
  })
}

/** Pairs as they are told: same bytes first, then by falling similarity. */
async function sortPairs({ left, right, similarity, grade }: PairList, rows: Uint32Array, signal: AbortSignal): Promise<Omit<DuplicatePairs, 'withoutVectors'>> {
  // Plain loops: `from` with a function takes ten times as long, and there may be two million.
  const keys = new Float32Array(left.length)
  for (let pair = 0; pair < keys.length; pair++) keys[pair] = grade[pair] === 0 ? -2 : -similarity[pair]!
  const order = (await risingOrder(keys, signal)).subarray(0, maxPairs)
  const sorted = { left: new Uint32Array(order.length), right: new Uint32Array(order.length), similarity: new Float32Array(order.length), grade: new Uint8Array(order.length) }
  for (let place = 0; place < order.length; place++) {
    const pair = order[place]!
    sorted.left[place] = rows[left[pair]!]!
    sorted.right[place] = rows[right[pair]!]!
    sorted.similarity[place] = similarity[pair]!
    sorted.grade[place] = grade[pair]!
  }
  return { ...sorted, leftOut: left.length - order.length }
}

/**
 * Compares pictures in three grades: by their bytes, by look and vectors together (by look alone where one has no vector), and
 * by vectors alone. Of pictures with the same bytes the first stands for all in the looser grades.
 * @param set vectors of some or all of the pictures; undefined where none has one
 * @throws the signal's reason
 */
export async function findDuplicates({ rows, hashes, looks }: ComparedPictures, set: VectorSet | undefined, options: DuplicateOptions): Promise<DuplicatePairs> {
  const pairs: PairList = { left: [], right: [], similarity: [], grade: [] }
  const items = firstOfBytes(hashes, pairs)
  const positions = positionsOf(rows, set)
  const withVectors = items.filter((item) => positions[item]! >= 0)
  if (set !== undefined) await addNeighbours(pairs, takeVectors(set, withVectors.map((item) => positions[item]!)), withVectors, looks, options)
  if (withVectors.length < items.length) await addLooks(pairs, looks, items, positions, options.signal)
  const withoutVectors = positions.reduce((sum, position) => sum + Number(position < 0), 0)
  return { ...(await sortPairs(pairs, rows, options.signal)), withoutVectors }
}
