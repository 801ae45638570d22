/** @file Choosing tiles as people know it: click, Ctrl or Cmd, Shift, and the same from the keyboard. Focus is where one is; the selection is what is chosen. */
import { useLibraryStore } from '../../stores/library'
import { useSelectionStore } from '../../stores/selection'

/** The parts of a click that say what is meant. */
export interface PickKeys {
  readonly shiftKey: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
}

/** The part of the order between two places, both included, whichever comes first. */
export function rowsBetween(order: Uint32Array, from: number, to: number): Uint32Array {
  return order.subarray(Math.max(0, Math.min(from, to)), Math.max(from, to) + 1)
}

export function useGridSelection() {
  const library = useLibraryStore()
  const selection = useSelectionStore()
  /** Row where a range begins: the tile that was last chosen by itself. */
  let anchor: number | undefined

  const anchorPosition = (): number => {
    const row = anchor ?? (library.activeId === undefined ? -1 : library.rowOf(library.activeId))
    return row < 0 ? -1 : library.positionOfRow(row)
  }

  /** A click on the tile at `position`. Told before the focus moves there. */
  const pick = (position: number, { shiftKey, ctrlKey, metaKey }: PickKeys): void => {
    const row = library.rowAt(position)
    if (row < 0) return
    const from = anchorPosition()
    if (shiftKey && from >= 0) {
      const range = rowsBetween(library.order, from, position)
      if (ctrlKey || metaKey) selection.add(range)
      else selection.set(range)
      return
    }
    anchor = row
    if (ctrlKey || metaKey) selection.toggle(row)
    else selection.set([row])
  }

  /** The focus moved to `position` while Shift was held. */
  const extend = (position: number): void => {
    const from = anchorPosition()
    if (from < 0) return
    anchor ??= library.rowAt(from)
    selection.set(rowsBetween(library.order, from, position))
  }

  /** Puts the tile with the focus into the selection or out of it. */
  const toggleFocused = (): void => {
    const row = library.activeId === undefined ? -1 : library.rowOf(library.activeId)
    if (row < 0) return
    anchor = row
    selection.toggle(row)
  }

  /** A menu opened over a tile is about the selection where the tile is part of it, and about the tile alone where not. */
  const pickForMenu = (position: number): void => {
    const row = library.rowAt(position)
    if (row < 0 || selection.has(row)) return
    anchor = row
    selection.set([row])
  }

  return { pick, extend, toggleFocused, pickForMenu }
}
