/** @file Undo and Escape of the segments page: what was done last is taken back first, what is looked at is left before the selection. */
import { watch } from 'vue'
import { useKeys } from '../../composables/use-keys'
import { useSegmentsStore } from '../../stores/segments'
import { useSelectionStore } from '../../stores/selection'

type Changed = 'segments' | 'selection'

/** Ctrl+Z takes back what was changed last, a segment or the selection, then what was before it; Escape leaves the listing of one segment, then lets go of the selection. */
export function useSegmentKeys(): void {
  const segments = useSegmentsStore()
  const selection = useSelectionStore()
  /** What was changed while the page is open, in its order. */
  const order: Changed[] = []
  let undoing = false
  const note = (changed: Changed): void => {
    if (!undoing) order.push(changed)
  }
  watch(() => segments.changes, () => { note('segments') }, { flush: 'sync' })
  watch(() => selection.version, () => { note('selection') }, { flush: 'sync' })

  const undo = (): void => {
    const canUndo = { segments: segments.canUndo, selection: selection.canUndo }
    let latest = order.pop()
    while (latest !== undefined && !canUndo[latest]) latest = order.pop()
    undoing = true
    // Of what was changed before the page was opened, the selection is the fresher.
    if (latest === 'segments' || (latest === undefined && !canUndo.selection)) segments.undo()
    else selection.undo()
    undoing = false
  }
  useKeys({
    'Mod+Z': ({ shiftKey }) => {
      if (shiftKey) selection.redo()
      else undo()
    },
    'Mod+Y': selection.redo,
    Escape: () => {
      if (!segments.leave()) selection.clear()
    },
  })
}
