/** @file One job of the embedding kind as a store holds it: its state, its line in the status bar, its stop. */
import { shallowRef, type ShallowRef } from 'vue'
import type { EmbedEvent, JobHandle } from '../../engine/contract'
import { isCancelled, problemOf } from '../services/problem'
import { reduceEmbed, type EmbedChange, type EmbedFolder, type EmbedState } from './embed-reducer'
import { useJobsStore } from './jobs'

export interface EmbedWork<R> {
  readonly state: Readonly<ShallowRef<EmbedState<R>>>
  /** Ends when the work has, however it did; the result where it was finished. Starts nothing while it runs. */
  run(folder: EmbedFolder, begin: (onEvent: (event: EmbedEvent) => void) => JobHandle<R>): Promise<R | undefined>
  stop(): Promise<void>
  dismiss(): void
}

/** `title` names the work in the status bar. */
export function createEmbedWork<R>(title: string): EmbedWork<R> {
  const jobs = useJobsStore()
  const state: ShallowRef<EmbedState<R>> = shallowRef({ phase: 'idle' })
  let running: JobHandle<R> | undefined
  const dispatch = (change: EmbedChange<R>): void => {
    state.value = reduceEmbed(state.value, change)
  }
  return {
    state,
    run: async (folder, begin) => {
      if (state.value.phase === 'running') return undefined
      dispatch({ kind: 'start', folder })
      const line = jobs.begin(title)
      const job = begin((event) => {
        if (event.kind === 'progress') line.report(event)
        dispatch(event)
      })
      running = job
      line.attach(job)
      try {
        const result = await job.result
        dispatch({ kind: 'finished', result })
        return result
      } catch (error) {
        dispatch(isCancelled(error) ? { kind: 'cancelled' } : { kind: 'failed', problem: problemOf(error) })
        return undefined
      }
    },
    stop: async () => {
      dispatch({ kind: 'stop' })
      await running?.cancel()
    },
    dismiss: () => {
      dispatch({ kind: 'dismiss' })
    },
  }
}
