/** @file The job that writes a model as one file, and its dialog's state. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { JobHandle, ModelExportRequest, ModelExportResult, ModelInfo } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf } from '../services/problem'
import { useJobsStore } from './jobs'
import { reduceModelExport, type ModelExportChange, type ModelExportState } from './model-export-reducer'
import { useNoticesStore } from './notices'

export const useModelExportStore = defineStore('model-export', () => {
  const jobs = useJobsStore()
  const notices = useNoticesStore()
  const state = shallowRef<ModelExportState>({ phase: 'idle' })
  /** The model the dialog is about; undefined while it is closed. */
  const asking = shallowRef<ModelInfo>()
  let running: JobHandle<ModelExportResult> | undefined

  const dispatch = (change: ModelExportChange): void => {
    state.value = reduceModelExport(state.value, change)
  }

  /** Opens the dialog for `model`; what is finished for another one goes. */
  const ask = (model: ModelInfo): void => {
    if (state.value.phase !== 'idle' && state.value.model.id !== model.id) dispatch({ kind: 'dismiss' })
    asking.value = model
  }
  const close = (): void => {
    asking.value = undefined
  }

  const start = async (model: ModelInfo, options: Omit<ModelExportRequest, 'modelId'>): Promise<void> => {
    if (state.value.phase === 'running') return
    dispatch({ kind: 'start', model })
    const line = jobs.begin('Exporting model')
    running = useClient()['models.export']({ modelId: model.id, ...options }, (progress) => {
      line.report(progress)
      dispatch(progress)
    })
    line.attach(running)
    try {
      dispatch({ kind: 'finished', result: await running.result })
      if (asking.value === undefined) notices.show('done', `${model.name} is exported: the file is ready under Export on its card.`)
    } catch (error) {
      dispatch(isCancelled(error) ? { kind: 'cancelled' } : { kind: 'failed', problem: problemOf(error) })
      if (asking.value === undefined && !isCancelled(error)) notices.show('problem', `${model.name} was not exported: ${problemOf(error).message}`)
    }
  }

  const stop = async (): Promise<void> => {
    dispatch({ kind: 'stop' })
    await running?.cancel()
  }
  const dismiss = (): void => {
    dispatch({ kind: 'dismiss' })
  }

  return { state, asking, ask, close, start, stop, dismiss }
})
