/**
 * @file The pictures of a folder in the order in which they are shown: sorted once and merged as they arrive, narrowed by words and
 * filters, or ranked by a search. Holds the table; knows nothing of the engine.
 */
import { shallowRef, type ShallowRef } from 'vue'
import type { ImageEntry, LibraryEvent } from '../../engine/contract'
import { compareBy, filterIndices, mergeSorted, sortedIndices, type ImageSort } from './image-order'
import { createImageTable, recordEvent, type ImageTable } from './image-table'
import type { LibraryCounts } from './library-reducer'

/** Keeps some of the rows in the grid and hides the others; shown as a chip above it. One of each id. */
export interface RowFilter {
  readonly id: string
  readonly kind: 'selection' | 'tag' | 'cluster' | 'state'
  readonly label: string
  readonly keeps: (row: number) => boolean
}

/** An order that a search gave: its rows, best first, and the score of each. */
export interface Ranking {
  readonly rows: Uint32Array
  readonly scores: Float32Array
}

export interface ImageList {
  /** Rows in the order shown. */
  readonly order: Readonly<ShallowRef<Uint32Array>>
  /** Counts changes of anything that can be read from here. */
  readonly version: Readonly<ShallowRef<number>>
  table(): ImageTable
  record(events: readonly LibraryEvent[]): void
  sortBy(sort: ImageSort): void
  show(words: string, filters: readonly RowFilter[], ranking: Ranking | undefined): void
  clear(): void
  counts(): LibraryCounts
  /** Row of a place in the order shown, -1 where there is none. */
  rowAt(position: number): number
  /** Place of a row in the order shown, -1 where it is not shown. */
  positionOfRow(row: number): number
  scoreOfRow(row: number): number | undefined
  entryOfRow(row: number): ImageEntry | undefined
}

export function createImageList(firstSort: ImageSort): ImageList {
  const order = shallowRef<Uint32Array>(new Uint32Array())
  const version = shallowRef(0)
  let table = createImageTable()
  let sort = firstSort
  let sorted: Uint32Array = new Uint32Array()
  let words = ''
  let filters: readonly RowFilter[] = []
  let ranking: Ranking | undefined
  /** Place of each row, made when first asked for. */
  let places: Int32Array | undefined
  let scores = new Map<number, number>()

  const showOrder = (): void => {
    const rows = filterIndices(table, ranking?.rows ?? sorted, words)
    order.value = filters.length === 0 ? rows : rows.filter((row) => filters.every(({ keeps }) => keeps(row)))
    places = undefined
    version.value += 1
  }
  const placesOf = (): Int32Array => {
    if (places === undefined) {
      places = new Int32Array(table.entries.length).fill(-1)
      for (let position = 0; position < order.value.length; position += 1) places[order.value[position] ?? 0] = position
    }
    return places
  }

  return {
    order,
    version,
    table: () => table,
    record: (events) => {
      for (const event of events) recordEvent(table, event)
      const compare = compareBy(table, sort)
      sorted = mergeSorted(sorted, sortedIndices(sorted.length, table.entries.length, compare), compare)
      showOrder()
    },
    sortBy: (next) => {
      sort = next
      sorted = sortedIndices(0, table.entries.length, compareBy(table, sort))
      showOrder()
    },
    show: (nextWords, nextFilters, nextRanking) => {
      if (nextRanking !== ranking) scores = new Map(Array.from(nextRanking?.rows ?? [], (row, place) => [row, nextRanking?.scores[place] ?? Number.NaN]))
      words = nextWords
      filters = nextFilters
      ranking = nextRanking
      showOrder()
    },
    clear: () => {
      table = createImageTable()
      sorted = new Uint32Array()
      showOrder()
    },
    counts: () => ({ images: table.entries.length, broken: table.problems.size, skipped: table.skipped.length, gone: table.gone.size }),
    rowAt: (position) => order.value[position] ?? -1,
    positionOfRow: (row) => placesOf()[row] ?? -1,
    scoreOfRow: (row) => scores.get(row),
    entryOfRow: (row) => table.entries[row],
  }
}
