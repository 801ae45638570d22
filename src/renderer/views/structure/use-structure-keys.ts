/** @file Undo and Escape of the structure page, in one place: its panels come and go, and which listened first would depend on when each was opened. */
import { shallowRef, watch, type Ref } from 'vue'
import { useKeys } from '../../composables/use-keys'
import { useClustersStore } from '../../stores/clusters'
import { useDuplicatesStore } from '../../stores/duplicates'
import { useSelectionStore } from '../../stores/selection'

/** Ctrl+Z takes back what was changed last, a cluster or the selection; Escape lets go of the selection, then of what is open. */
export function useStructureKeys(tab: Readonly<Ref<string>>): void {
  const clusters = useClustersStore()
  const duplicates = useDuplicatesStore()
  const selection = useSelectionStore()
  const latest = shallowRef<'clusters' | 'selection'>('selection')

  watch(() => clusters.clustering, () => {
    latest.value = 'clusters'
  })
  watch(() => selection.version, () => {
    latest.value = 'selection'
  })

  useKeys({
    'Mod+Z': ({ shiftKey }) => {
      if (shiftKey) selection.redo()
      else if (tab.value === 'clusters' && clusters.canUndo && (latest.value === 'clusters' || !selection.canUndo)) clusters.undo()
      else selection.undo()
    },
    'Mod+Y': selection.redo,
    Escape: () => {
      if (selection.count > 0) selection.clear()
      else if (tab.value === 'clusters') clusters.openId = undefined
      else if (tab.value === 'duplicates') duplicates.reviewing = undefined
    },
  })
}
