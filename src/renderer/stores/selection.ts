/** @file The pictures that are chosen, in whatever view they were chosen: one mask over the rows of the open folder, with undo. */
import { defineStore } from 'pinia'
import { watch } from 'vue'
import { createChoice } from './choice'
import { useLibraryStore } from './library'

/** Which pictures something is done with: all of the folder, those the grid shows, or those that are chosen. */
export type RowScope = 'all' | 'shown' | 'selected'

export const useSelectionStore = defineStore('selection', () => {
  const library = useLibraryStore()
  const { chosen, reset, ...choice } = createChoice(() => library.imageCount)

  /** All that the grid shows under its filters, besides what is chosen already. */
  const selectAllShown = (): void => {
    choice.add(library.order)
  }
  /** The rows of a scope, ascending; undefined for all of them. */
  const rowsIn = (scope: RowScope): Uint32Array<ArrayBuffer> | undefined => {
    if (scope === 'all') return undefined
    return scope === 'selected' ? chosen() : library.order.slice().sort()
  }
  const countIn = (scope: RowScope): number => {
    if (scope === 'all') return library.imageCount
    return scope === 'selected' ? choice.count.value : library.order.length
  }
  watch(() => library.library?.libraryId, reset, { flush: 'sync' })

  return { ...choice, rows: chosen, selectAllShown, rowsIn, countIn }
})
