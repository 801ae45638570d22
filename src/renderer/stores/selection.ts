/** @file The pictures that are chosen, in whatever view they were chosen: one mask over the rows of the open folder, with undo. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { useLibraryStore } from './library'
import {
  chosenRows,
  historyAfter,
  noHistory,
  stepBack,
  stepForward,
  turnOver,
  turnsBetween,
  turnsToMark,
  turnsToSet,
  type SelectionHistory,
  type SelectionMask,
} from './selection-mask'

/** Which pictures something is done with: all of the folder, those the grid shows, or those that are chosen. */
export type RowScope = 'all' | 'shown' | 'selected'

export const useSelectionStore = defineStore('selection', () => {
  const library = useLibraryStore()
  /** Counts changes: who reads the mask reads this first. */
  const version = shallowRef(0)
  const count = shallowRef(0)
  const history = shallowRef<SelectionHistory>(noHistory)
  let bytes: SelectionMask = new Uint8Array(0)

  /** The mask over all rows there are by now; more come while a folder is read. */
  const grown = (): SelectionMask => {
    const rows = library.imageCount
    if (rows > bytes.length) {
      const larger = new Uint8Array(Math.max(rows, bytes.length * 2))
      larger.set(bytes)
      bytes = larger
    }
    return bytes.subarray(0, rows)
  }

  const turn = (turns: Uint32Array): void => {
    count.value += turnOver(grown(), turns)
    version.value += 1
  }
  const change = (turns: Uint32Array): void => {
    if (turns.length === 0) return
    turn(turns)
    history.value = historyAfter(history.value, turns)
  }
  const go = (step: ReturnType<typeof stepBack>): void => {
    if (step === undefined) return
    turn(step.turns)
    history.value = step.history
  }

  const has = (row: number): boolean => bytes[row] === 1
  /** Chosen rows, ascending; a copy. */
  const rows = (): Uint32Array<ArrayBuffer> => chosenRows(grown(), count.value)
  /** The mask itself, uint8 [images]: to be read at once and never written. */
  const mask = (): Uint8Array => grown()

  /** `chosen` and nothing else. */
  const set = (chosen: Iterable<number>): void => {
    change(turnsToSet(grown(), chosen))
  }
  const add = (chosen: Iterable<number>): void => {
    change(turnsToMark(grown(), chosen, 1))
  }
  const take = (chosen: Iterable<number>): void => {
    change(turnsToMark(grown(), chosen, 0))
  }
  const toggle = (row: number): void => {
    change(turnsToMark(grown(), [row], has(row) ? 0 : 1))
  }
  const clear = (): void => {
    change(rows())
  }
  const invert = (): void => {
    const all = grown()
    change(turnsBetween(all, all.map((byte) => 1 - byte)))
  }
  /** All that the grid shows under its filters, besides what is chosen already. */
  const selectAllShown = (): void => {
    add(library.order)
  }

  /** The rows of a scope, ascending; undefined for all of them. */
  const rowsIn = (scope: RowScope): Uint32Array<ArrayBuffer> | undefined => {
    if (scope === 'all') return undefined
    return scope === 'selected' ? rows() : library.order.slice().sort()
  }
  const countIn = (scope: RowScope): number => {
    if (scope === 'all') return library.imageCount
    return scope === 'selected' ? count.value : library.order.length
  }

  const undo = (): void => {
    go(stepBack(history.value))
  }
  const redo = (): void => {
    go(stepForward(history.value))
  }
  const canUndo = computed(() => history.value.past.length > 0)
  const canRedo = computed(() => history.value.future.length > 0)

  watch(
    () => library.library?.libraryId,
    () => {
      bytes = new Uint8Array(0)
      count.value = 0
      history.value = noHistory
      version.value += 1
    },
    { flush: 'sync' },
  )

  return { version, count, canUndo, canRedo, has, rows, mask, set, add, take, toggle, clear, invert, selectAllShown, rowsIn, countIn, undo, redo }
})
