/** @file In which order the images of a table are shown and which of them: index arrays, sorted once and then merged. */
import type { SortKey } from '../services/settings'
import type { ImageTable } from './image-table'

export interface ImageSort {
  readonly by: SortKey
  readonly descending: boolean
  /** Folders first, the sort within each. */
  readonly grouped: boolean
  /** Depth of each row, metres; NaN where there is none. */
  readonly numbers?: Float32Array | undefined
}

export type CompareIndices = (a: number, b: number) => number

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** How two entries of the table compare. Total: the index decides last, so that merging equals sorting. */
export function compareBy(table: ImageTable, sort: ImageSort): CompareIndices {
  const { entries, nameKeys, folderKeys } = table
  const byName: CompareIndices = (a, b) => compareText(nameKeys[a] ?? '', nameKeys[b] ?? '') || compareText(folderKeys[a] ?? '', folderKeys[b] ?? '')
  const numberOf = (index: number): number => sort.numbers?.[index] ?? NaN
  const keys: Readonly<Record<SortKey, CompareIndices>> = {
    name: byName,
    date: (a, b) => (entries[a]?.modifiedMs ?? 0) - (entries[b]?.modifiedMs ?? 0) || byName(a, b),
    size: (a, b) => (entries[a]?.sizeBytes ?? 0) - (entries[b]?.sizeBytes ?? 0) || byName(a, b),
    // No difference of what is no number is one: those are ordered by name.
    depth: (a, b) => numberOf(a) - numberOf(b) || byName(a, b),
  }
  const chosen = keys[sort.by]
  const turned: CompareIndices = sort.descending ? (a, b) => chosen(b, a) : chosen
  // What has no number comes last, whichever way the others go.
  const directed: CompareIndices = sort.by === 'depth' ? (a, b) => Number(Number.isNaN(numberOf(a))) - Number(Number.isNaN(numberOf(b))) || turned(a, b) : turned
  if (!sort.grouped) return (a, b) => directed(a, b) || a - b
  return (a, b) => compareText(folderKeys[a] ?? '', folderKeys[b] ?? '') || directed(a, b) || a - b
}

/** Indices `from` up to `to`, sorted. */
export function sortedIndices(from: number, to: number, compare: CompareIndices): Uint32Array {
  return Uint32Array.from({ length: Math.max(0, to - from) }, (_, offset) => from + offset).sort(compare)
}

/** Two sorted index arrays as one, in time linear in their lengths. */
export function mergeSorted(a: Uint32Array, b: Uint32Array, compare: CompareIndices): Uint32Array {
  if (a.length === 0) return b
  if (b.length === 0) return a
  const merged = new Uint32Array(a.length + b.length)
  let i = 0
  let j = 0
  for (let at = 0; at < merged.length; at += 1) {
    const fromA = j >= b.length || (i < a.length && compare(a[i] ?? 0, b[j] ?? 0) <= 0)
    merged[at] = fromA ? (a[i++] ?? 0) : (b[j++] ?? 0)
  }
  return merged
}

/** The indices whose path contains every word of `filter`; the same array where there is nothing to filter. */
export function filterIndices(table: ImageTable, indices: Uint32Array, filter: string): Uint32Array {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== '')
  if (words.length === 0) return indices
  return indices.filter((index) => words.every((word) => table.searchTexts[index]?.includes(word) ?? false))
}
