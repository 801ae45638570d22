/** @file The approximate index of one kind of vectors: whether there is one, how good it is, and its building. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { JobHandle, Progress, SearchIndexInfo, VectorSpace } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { useJobsStore } from './jobs'
import { useLibraryStore } from './library'
import { useModelsStore } from './models'
import { useSettingsStore } from './settings'

export const useSearchIndexStore = defineStore('search-index', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const settings = useSettingsStore()
  const jobs = useJobsStore()
  const info = shallowRef<SearchIndexInfo>()
  const problem = shallowRef<Problem>()
  const building = shallowRef<{ readonly progress: Progress | undefined; readonly stopping: boolean }>()
  let job: JobHandle<SearchIndexInfo> | undefined
  let asked = 0

  const space = computed<VectorSpace | undefined>(() => models.active && { modelId: models.active.id, pooling: settings.values.searchPooling })

  const refresh = async (): Promise<void> => {
    const mine = ++asked
    info.value = undefined
    problem.value = undefined
    if (space.value === undefined) return
    try {
      const found = await useClient()['search.index'](space.value)
      if (mine === asked) info.value = found
    } catch (error) {
      if (mine === asked) problem.value = problemOf(error)
    }
  }

  /** Builds an index over the vectors of the chosen kind and measures how much of the exact answer it finds. */
  const build = async (): Promise<void> => {
    const libraryId = library.library?.libraryId
    if (space.value === undefined || libraryId === undefined || building.value !== undefined) return
    const mine = ++asked
    problem.value = undefined
    building.value = { progress: undefined, stopping: false }
    const line = jobs.begin('Building the search index')
    job = useClient()['search.buildIndex']({ ...space.value, libraryId }, (progress) => {
      line.report(progress)
      building.value = { progress, stopping: building.value?.stopping ?? false }
    })
    line.attach(job)
    try {
      const built = await job.result
      if (mine === asked) info.value = built
    } catch (error) {
      if (mine === asked && !isCancelled(error)) problem.value = problemOf(error)
    } finally {
      building.value = undefined
    }
  }

  const stop = async (): Promise<void> => {
    if (building.value !== undefined) building.value = { ...building.value, stopping: true }
    await job?.cancel()
  }

  watch(space, refresh)

  return { info, problem, building, space, refresh, build, stop }
})
