/** @file Undo and redo of the selection by the keys everyone knows, in every view that shows it. */
import { useSelectionStore } from '../stores/selection'
import { useKeys } from './use-keys'

export function useSelectionKeys(): void {
  const selection = useSelectionStore()
  useKeys({
    'Mod+Z': ({ shiftKey }) => {
      if (shiftKey) selection.redo()
      else selection.undo()
    },
    'Mod+Y': () => {
      selection.redo()
    },
  })
}
