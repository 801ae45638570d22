/** @file Undo and redo of what is chosen by the keys everyone knows, in every view that shows it. */
import { computed, type ComputedRef } from 'vue'
import { useSelectionStore } from '../stores/selection'
import { useKeys } from './use-keys'

interface Undoable {
  undo(): void
  redo(): void
}

/** @param chosen what is undone; the selection of pictures where it is left out */
export function useSelectionKeys(chosen?: ComputedRef<Undoable>): void {
  const selection = useSelectionStore()
  const target = chosen ?? computed(() => selection)
  useKeys({
    'Mod+Z': ({ shiftKey }) => {
      if (shiftKey) target.value.redo()
      else target.value.undo()
    },
    'Mod+Y': () => {
      target.value.redo()
    },
  })
}
