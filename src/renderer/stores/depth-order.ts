/** @file The grid in the order of depth: by which heads that is possible, and by which one it is. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { HeadInfo } from '../../engine/contract'
import { useClient } from '../services/client'
import { useDepthFolderStore } from './depth-folder'
import { depthHeads } from './fitting-heads'
import { useHeadsStore } from './heads'
import { useLibraryStore } from './library'
import { useModelsStore } from './models'
import { useSettingsStore } from './settings'

export const useDepthOrderStore = defineStore('depth-order', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const settings = useSettingsStore()
  const store = useHeadsStore()
  const folder = useDepthFolderStore()
  /** Median of each picture by each head that was asked, metres; NaN where there is none. */
  const medians = shallowRef<ReadonlyMap<string, Float32Array>>(new Map())
  let asked = 0

  const heads = computed(() => depthHeads(store.heads, models.active))
  /** Heads that some picture has been measured by. */
  const measured = computed<readonly HeadInfo[]>(() => heads.value.filter(({ headId }) => medians.value.get(headId)?.some((metres) => !Number.isNaN(metres)) ?? false))
  /** The head that the grid is ordered by, while it is. */
  const head = computed(() => (settings.values.sortBy === 'depth' ? measured.value.find(({ headId }) => headId === settings.values.sortHead) : undefined))

  const refresh = async (): Promise<void> => {
    const mine = ++asked
    const [libraryId, modelId] = [library.library?.libraryId, models.active?.id]
    const found = new Map<string, Float32Array>()
    if (libraryId !== undefined && modelId !== undefined)
      for (const { headId } of heads.value) {
        // What cannot be read orders nothing.
        const numbers = await useClient()['depth.numbers']({ libraryId, modelId, headId }).catch(() => undefined)
        if (numbers !== undefined) found.set(headId, numbers.median)
      }
    if (mine === asked) medians.value = found
  }
  const sortBy = (headId: string, descending: boolean): void => {
    settings.update({ sortBy: 'depth', sortHead: headId, sortDescending: descending })
  }

  void store.load()
  watch(() => [library.state.phase, library.library?.libraryId, models.active?.id, ...heads.value.map(({ headId }) => headId)].join(), () => void refresh(), { immediate: true })
  watch(() => folder.numbers, (numbers) => {
    if (numbers === undefined || folder.headId === undefined) return
    medians.value = new Map(medians.value).set(folder.headId, numbers.median)
  })
  watch(() => (head.value === undefined ? undefined : medians.value.get(head.value.headId)), (numbers) => {
    library.sortNumbers = numbers
  }, { immediate: true })
  return { heads, measured, head, sortBy }
})
