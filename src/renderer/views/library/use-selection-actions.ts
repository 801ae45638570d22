/** @file What can be done with the pictures that are chosen, wherever they were chosen. */
import { useRouter } from 'vue-router'
import { useEmbedStore } from '../../stores/embed'
import { useSearchStore } from '../../stores/search'
import { useSelectionStore } from '../../stores/selection'
import { useSelectionDialogStore } from '../../stores/selection-dialog'
import { useTrainStore } from '../../stores/train'

export function useSelectionActions() {
  const selection = useSelectionStore()
  const dialog = useSelectionDialogStore()
  const embed = useEmbedStore()
  const search = useSearchStore()
  const train = useTrainStore()
  const router = useRouter()

  return {
    findSimilar: async (): Promise<void> => {
      await router.push('/')
      await search.similarTo(selection.rows())
    },
    saveAs: (): void => {
      dialog.asking = 'selection'
    },
    tag: (): void => {
      dialog.asking = 'tag'
    },
    copyFiles: (): void => {
      dialog.asking = 'copy'
    },
    exportVectors: (): void => {
      embed.openDialog('export', 'selected')
    },
    trainOn: (): void => {
      train.scope = 'selected'
      void router.push('/train')
    },
    matchPair: (): void => {
      void router.push('/match')
    },
    showOnMap: (): void => {
      void router.push('/map')
    },
  }
}
