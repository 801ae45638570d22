/** @file The map of the open folder: computed or taken from the disk, one at a time. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { JobHandle, MapData, MapInfo, MapRequest, Progress } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { useEmbedStatusStore } from './embed-status'
import { useJobsStore } from './jobs'
import { useLibraryStore } from './library'
import { useModelsStore } from './models'
import { useSettingsStore } from './settings'

/** What a person chooses of a map. */
export type MapChoice = Pick<MapRequest, 'method' | 'dims' | 'subject' | 'neighbours' | 'minDist'>

export type MapState =
  | { readonly phase: 'none' }
  | { readonly phase: 'computing'; readonly choice: MapChoice; readonly progress: Progress | undefined }
  | { readonly phase: 'failed'; readonly problem: Problem }

export const firstChoice: MapChoice = { method: 'pca', dims: 3, subject: 'images', neighbours: 15, minDist: 0.1 }

export const useMapStore = defineStore('map', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const settings = useSettingsStore()
  const status = useEmbedStatusStore()
  const jobs = useJobsStore()
  const state = shallowRef<MapState>({ phase: 'none' })
  const data = shallowRef<MapData>()
  const stored = shallowRef<readonly MapInfo[]>([])
  const choice = shallowRef<MapChoice>(firstChoice)
  let running: JobHandle<MapData> | undefined

  const libraryId = computed(() => library.library?.libraryId)
  const hasVectors = computed(() => status.counts.images > 0)

  const refresh = async (): Promise<void> => {
    const asked = libraryId.value
    if (asked === undefined) return
    const found = await useClient()['map.stored']({ libraryId: asked }).catch(() => [])
    if (asked === libraryId.value) stored.value = found
  }

  const show = (shown: MapData): void => {
    data.value = shown
    const { method, dims, subject, neighbours, minDist } = shown.info
    choice.value = { method, dims, subject, neighbours, minDist }
    state.value = { phase: 'none' }
  }

  /** Waits for a map and shows it, unless another has been asked for. */
  const compute = async (wanted: MapChoice, rows?: Uint32Array): Promise<void> => {
    const asked = libraryId.value
    const modelId = models.active?.id
    if (asked === undefined || modelId === undefined) return
    await cancel()
    choice.value = wanted
    state.value = { phase: 'computing', choice: wanted, progress: undefined }
    const line = jobs.begin(wanted.method === 'umap' ? 'Computing the UMAP' : 'Computing the map')
    const request: MapRequest = { ...wanted, libraryId: asked, modelId, pooling: settings.values.searchPooling, rows, seed: 1 }
    const job = useClient()['map.project'](request, (progress) => {
      if (running !== job) return
      line.report(progress)
      state.value = { phase: 'computing', choice: wanted, progress }
    })
    running = job
    line.attach(job)
    try {
      const found = await job.result
      if (running !== job || asked !== libraryId.value) return
      show(found)
      void refresh()
    } catch (error) {
      if (running !== job) return
      state.value = isCancelled(error) ? { phase: 'none' } : { phase: 'failed', problem: problemOf(error) }
    } finally {
      if (running === job) running = undefined
    }
  }

  const cancel = async (): Promise<void> => {
    const job = running
    running = undefined
    if (job === undefined) return
    if (data.value !== undefined) choice.value = data.value.info
    state.value = { phase: 'none' }
    await job.cancel()
  }

  const load = async (mapId: string): Promise<void> => {
    const asked = libraryId.value
    if (asked === undefined) return
    await cancel()
    try {
      const found = await useClient()['map.load']({ libraryId: asked, mapId })
      if (asked === libraryId.value) show(found)
    } catch (error) {
      state.value = { phase: 'failed', problem: problemOf(error) }
    }
  }

  /** What is seen when the map is opened: what was seen last, the newest that is stored, or the quickest that can be made. */
  const open = async (): Promise<void> => {
    if (libraryId.value === undefined || state.value.phase === 'computing') return
    await status.refresh()
    await refresh()
    if (data.value !== undefined) return
    const fitting = stored.value.find(({ modelId, pooling, subject }) => modelId === models.active?.id && pooling === settings.values.searchPooling && subject === 'images')
    if (fitting !== undefined) await load(fitting.mapId)
    else if (hasVectors.value) await compute(firstChoice)
  }

  watch(
    () => [libraryId.value, models.active?.id, settings.values.searchPooling].join(),
    () => {
      void cancel()
      data.value = undefined
      stored.value = []
      state.value = { phase: 'none' }
    },
  )

  return { state, data, stored, choice, hasVectors, open, compute, cancel, load, refresh }
})
