/** @file What each model is computed in, and the comparison that comes before another precision: one at a time. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { JobHandle, Precision, PrecisionCard, PrecisionState, Progress } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { useEmbedStatusStore } from './embed-status'
import { useJobsStore } from './jobs'
import { useLibraryStore } from './library'

/** A comparison that runs, or what went wrong last. */
export type PrecisionWork =
  | { readonly phase: 'idle' }
  | { readonly phase: 'running'; readonly modelId: string; readonly precision: Precision; readonly progress: Progress | undefined; readonly stopping: boolean }
  | { readonly phase: 'failed'; readonly modelId: string; readonly problem: Problem }

export const usePrecisionStore = defineStore('precision', () => {
  const library = useLibraryStore()
  const embedStatus = useEmbedStatusStore()
  const jobs = useJobsStore()
  const states = shallowRef<Readonly<Record<string, PrecisionState>>>({})
  const work = shallowRef<PrecisionWork>({ phase: 'idle' })
  let running: JobHandle<PrecisionCard> | undefined

  const take = (state: PrecisionState): void => {
    states.value = { ...states.value, [state.modelId]: state }
  }
  const fail = (modelId: string, error: unknown): void => {
    work.value = { phase: 'failed', modelId, problem: problemOf(error) }
  }

  const load = async (modelId: string): Promise<void> => {
    try {
      take(await useClient()['precision.state']({ modelId }))
    } catch (error) {
      if (work.value.phase !== 'running') fail(modelId, error)
    }
  }

  /** On pictures of the open folder, or on the sample photos where none is open. */
  const measure = async (modelId: string, precision: Precision): Promise<void> => {
    if (work.value.phase === 'running') return
    work.value = { phase: 'running', modelId, precision, progress: undefined, stopping: false }
    const line = jobs.begin(`Comparing ${precision} with fp32`)
    running = useClient()['precision.measure']({ modelId, libraryId: library.library?.libraryId, precision }, (progress) => {
      line.report(progress)
      if (work.value.phase === 'running') work.value = { ...work.value, progress }
    })
    line.attach(running)
    try {
      await running.result
      work.value = { phase: 'idle' }
      await load(modelId)
    } catch (error) {
      if (isCancelled(error)) work.value = { phase: 'idle' }
      else fail(modelId, error)
    } finally {
      running = undefined
    }
  }
  const stop = async (): Promise<void> => {
    if (work.value.phase === 'running') work.value = { ...work.value, stopping: true }
    await running?.cancel()
  }

  const choose = async (modelId: string, precision: Precision): Promise<void> => {
    if (work.value.phase === 'failed') work.value = { phase: 'idle' }
    try {
      take(await useClient()['precision.set']({ modelId, precision }))
      // Each precision has vectors of its own.
      await embedStatus.refresh()
    } catch (error) {
      fail(modelId, error)
    }
  }

  return { states, work, load, measure, stop, choose }
})
