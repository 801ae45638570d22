/** @file Groups of duplicates from pairs of them, and which one of each to keep; the same on the page and the command line. */
import { createUnionFind } from './union-find'

/** As `structure.duplicates` tells them. Pairs of the same bytes are told of the first with each other one. */
export interface GroupedPairs {
  readonly left: Uint32Array
  readonly right: Uint32Array
  readonly similarity: Float32Array
  /** 0 the same bytes, 1 the same picture encoded again, 2 a similar scene. */
  readonly grade: Uint8Array
}

export interface DuplicateGroup {
  /** Rising, at least two. */
  readonly rows: Uint32Array
  /** Of the pairs that hold it together. */
  readonly leastSimilarity: number
  /** The loosest of the grades that hold it together. */
  readonly grade: number
}

/** What decides which one of a group is kept. */
export interface KeepFacts {
  /** Width × height; 0 while unknown. */
  readonly pixels: number
  readonly sizeBytes: number
  readonly relativePath: string
}

/**
 * Groups of all that hang together by pairs of the wanted grades: largest first, of equal ones the one with the lowest row.
 * @param threshold the least cosine of similar scenes; the same bytes and the same picture are that whatever their cosine
 */
export function groupDuplicates({ left, right, similarity, grade }: GroupedPairs, grades: readonly number[], threshold: number): DuplicateGroup[] {
  const wanted = (pair: number): boolean => grades.includes(grade[pair]!) && (grade[pair] !== 2 || similarity[pair]! >= threshold)
  const places = new Map<number, number>()
  const rows: number[] = []
  const placeOf = (row: number): number => {
    const known = places.get(row)
    if (known !== undefined) return known
    places.set(row, rows.length)
    return rows.push(row) - 1
  }
  for (let pair = 0; pair < left.length; pair++)
    if (wanted(pair)) {
      placeOf(left[pair]!)
      placeOf(right[pair]!)
    }
  const sets = createUnionFind(rows.length)
  for (let pair = 0; pair < left.length; pair++) if (wanted(pair)) sets.join(places.get(left[pair]!)!, places.get(right[pair]!)!)
  const groups = new Map<number, { readonly rows: number[]; least: number; grade: number }>()
  rows.forEach((row, place) => {
    const name = sets.find(place)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, { rows: [row], least: 1, grade: 0 })
    else group.rows.push(row)
  })
  for (let pair = 0; pair < left.length; pair++) {
    if (!wanted(pair)) continue
    const group = groups.get(sets.find(places.get(left[pair]!)!))!
    group.least = Math.min(group.least, similarity[pair]!)
    group.grade = Math.max(group.grade, grade[pair]!)
  }
  return Array.from(groups.values(), (group) => ({ rows: Uint32Array.from(group.rows).sort(), leastSimilarity: group.least, grade: group.grade })).sort(
    (a, b) => b.rows.length - a.rows.length || a.rows[0]! - b.rows[0]!,
  )
}

/** Whether a picture lies in a folder (of the opened one, with `/`; empty is the opened folder itself). */
function liesIn(folder: string, relativePath: string): boolean {
  return folder === '' || relativePath.startsWith(`${folder}/`)
}

/**
 * The row to keep of a group: one in the preferred folder, then the one with the most pixels, then the most bytes, then
 * the shortest path, then the lowest row. There always is one: the last copy is never given up.
 */
export function rowToKeep(rows: Uint32Array, factsOf: (row: number) => KeepFacts, preferredFolder?: string): number {
  const rank = (row: number): readonly number[] => {
    const { pixels, sizeBytes, relativePath } = factsOf(row)
    return [Number(preferredFolder !== undefined && liesIn(preferredFolder, relativePath)), pixels, sizeBytes, -relativePath.length, -row]
  }
  return rows.reduce((best, row) => {
    const [ranks, bestRanks] = [rank(row), rank(best)]
    const at = ranks.findIndex((value, index) => value !== bestRanks[index])
    return at >= 0 && ranks[at]! > bestRanks[at]! ? row : best
  })
}
