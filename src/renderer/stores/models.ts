/** @file The models there are, which of them is looked through, and their import and removal. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { JobHandle, ModelInfo, OnnxMapping, Progress } from '../../engine/contract'
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
  /** Whether patch tokens are kept of pictures that are embedded: a person may not want them, and a model may give none. */
  const keepsPatches = computed(() => settings.values.keepPatches && active.value?.gives.patches !== false)
  let running: JobHandle<unknown> | undefined

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

  /** Runs one step of an import under its own line in the status bar. */
  const runStep = async <T>(title: string, start: (onProgress: (progress: Progress) => void) => JobHandle<T>): Promise<T | 'ended'> => {
    const line = jobs.begin(title)
    const job = start((progress) => {
      line.report(progress)
      dispatch(progress)
    })
    running = job
    line.attach(job)
    try {
      return await job.result
    } catch (error) {
      dispatch(isCancelled(error) ? { kind: 'cancelled' } : { kind: 'failed', problem: problemOf(error) })
      return 'ended'
    }
  }

  const importAs = async (path: string, name: string | undefined, onnx: OnnxMapping | undefined): Promise<void> => {
    const model = await runStep('Importing model', (onProgress) => useClient()['models.import']({ path, name, onnx }, onProgress))
    if (model === 'ended') return
    await load()
    dispatch({ kind: 'imported', model })
  }

  /** Imports a file or folder; one at a time. Of a graph of another maker it is asked first how it is read. */
  const importFrom = async (path: string): Promise<void> => {
    if (importing.value.phase === 'importing') return
    dispatch({ kind: 'import', path })
    if (!path.toLowerCase().endsWith('.onnx')) return importAs(path, undefined, undefined)
    const inspection = await runStep('Trying a model', (onProgress) => useClient()['models.inspectOnnx']({ path }, onProgress))
    if (inspection === 'ended') return
    if (inspection === undefined) await importAs(path, undefined, undefined)
    else dispatch({ kind: 'inspected', inspection })
  }

  /** Imports the graph that was asked about. */
  const importChosen = async (name: string, onnx: OnnxMapping): Promise<void> => {
    if (importing.value.phase !== 'choosing') return
    const { path } = importing.value
    dispatch({ kind: 'chosen' })
    await importAs(path, name, onnx)
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

  return { models, loaded, problem, importing, active, keepsPatches, load, choose, importFrom, importChosen, cancelImport, dismissImport, remove }
})
