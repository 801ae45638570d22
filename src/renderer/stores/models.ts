/** @file The models there are, which of them is looked through, and their import and removal. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { JobHandle, ModelInfo } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { useJobsStore } from './jobs'
import { activeModel, reduceImport, type ImportChange, type ImportState } from './models-reducer'
import { useSettingsStore } from './settings'

export const useModelsStore = defineStore('models', () => {
  const settings = useSettingsStore()
  const jobs = useJobsStore()
  const models = shallowRef<readonly ModelInfo[]>([])
  const loaded = shallowRef(false)
  /** Why the list could not be read, or a model not be removed. */
  const problem = shallowRef<Problem>()
  const importing = shallowRef<ImportState>({ phase: 'idle' })
  const active = computed(() => activeModel(models.value, settings.values.modelId))
  let running: JobHandle<ModelInfo> | undefined

  const dispatch = (change: ImportChange): void => {
    importing.value = reduceImport(importing.value, change)
  }

  const load = async (): Promise<void> => {
    try {
      models.value = await useClient()['models.list'](undefined)
      loaded.value = true
      problem.value = undefined
    } catch (error) {
      problem.value = problemOf(error)
    }
  }

  const choose = (modelId: string): void => {
    settings.update({ modelId })
  }

  /** Imports a file or folder; one at a time. */
  const importFrom = async (path: string): Promise<void> => {
    if (importing.value.phase === 'importing') return
    dispatch({ kind: 'import', path })
    const line = jobs.begin('Importing model')
    running = useClient()['models.import']({ path, name: undefined }, (progress) => {
      line.report(progress)
      dispatch(progress)
    })
    line.attach(running)
    try {
      const model = await running.result
      await load()
      dispatch({ kind: 'imported', model })
    } catch (error) {
      dispatch(isCancelled(error) ? { kind: 'cancelled' } : { kind: 'failed', problem: problemOf(error) })
    }
  }

  const cancelImport = async (): Promise<void> => {
    await running?.cancel()
  }

  const dismissImport = (): void => {
    dispatch({ kind: 'dismiss' })
  }

  const remove = async (modelId: string): Promise<void> => {
    try {
      await useClient()['models.remove']({ modelId })
      if (settings.values.modelId === modelId) settings.update({ modelId: undefined })
      await load()
    } catch (error) {
      problem.value = problemOf(error)
    }
  }

  return { models, loaded, problem, importing, active, load, choose, importFrom, cancelImport, dismissImport, remove }
})
