/** @file One kind of long work on the open folder, as a store holds it: its state, its line in the status bar, its stop; gone when the folder or the vectors are others. */
import { computed, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue'
import type { JobHandle, Progress, VectorSpace } from '../../engine/contract'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { useJobsStore } from './jobs'
import { useLibraryStore } from './library'
import { useModelsStore } from './models'
import { useSettingsStore } from './settings'

export type WorkState<R> =
  | { readonly phase: 'idle' }
  | { readonly phase: 'running'; readonly progress: Progress | undefined; readonly stopping: boolean }
  | { readonly phase: 'failed'; readonly problem: Problem }
  | { readonly phase: 'done'; readonly result: R }

/** Whose vectors are compared, in which folder. */
export type LibrarySpace = VectorSpace & { readonly libraryId: string }

export interface LibraryWork<R, S = LibrarySpace> {
  readonly state: Readonly<ShallowRef<WorkState<R>>>
  readonly result: ComputedRef<R | undefined>
  /** Ends with the work; the result where it was finished. What runs already is stopped first; what was found before is shown again when this is stopped. */
  run(begin: (space: S, onProgress: (progress: Progress) => void) => JobHandle<R>): Promise<R | undefined>
  stop(): Promise<void>
  /** Shows a result that came another way. */
  show(result: R): void
  reset(): void
}

/** The open folder and the chosen vectors; undefined where either is missing. */
export function useLibrarySpace(): ComputedRef<LibrarySpace | undefined> {
  const library = useLibraryStore()
  const models = useModelsStore()
  const settings = useSettingsStore()
  return computed(() => {
    const libraryId = library.library?.libraryId
    const modelId = models.active?.id
    return libraryId === undefined || modelId === undefined ? undefined : { libraryId, modelId, pooling: settings.values.searchPooling }
  })
}

/** The same job with something else made of its result. */
export function mapResult<A, B>(job: JobHandle<A>, make: (result: A) => B): JobHandle<B> {
  return { id: job.id, cancel: () => job.cancel(), result: job.result.then(make) }
}

/** `title` names the work in the status bar. */
export function createLibraryWork<R>(title: string): LibraryWork<R> {
  return createSpaceWork(title, useLibrarySpace())
}

/** The same on anything else than the chosen vectors: gone when `space` is another. */
export function createSpaceWork<R, S extends object>(title: string, space: ComputedRef<S | undefined>): LibraryWork<R, S> {
  const jobs = useJobsStore()
  const state: ShallowRef<WorkState<R>> = shallowRef({ phase: 'idle' })
  let running: JobHandle<R> | undefined

  const stop = async (): Promise<void> => {
    if (state.value.phase === 'running') state.value = { ...state.value, stopping: true }
    await running?.cancel()
  }
  const reset = (): void => {
    void running?.cancel()
    running = undefined
    state.value = { phase: 'idle' }
  }

  const run: LibraryWork<R, S>['run'] = async (begin) => {
    await stop()
    const where = space.value
    if (where === undefined) return undefined
    const before = state.value
    state.value = { phase: 'running', progress: undefined, stopping: false }
    const line = jobs.begin(title)
    const job = begin(where, (progress) => {
      if (running !== job || state.value.phase !== 'running') return
      line.report(progress)
      state.value = { ...state.value, progress }
    })
    running = job
    line.attach(job)
    try {
      const result = await job.result
      if (running !== job) return undefined
      state.value = { phase: 'done', result }
      return result
    } catch (error) {
      if (running === job) state.value = isCancelled(error) ? (before.phase === 'done' ? before : { phase: 'idle' }) : { phase: 'failed', problem: problemOf(error) }
      return undefined
    } finally {
      if (running === job) running = undefined
    }
  }

  watch(() => (space.value === undefined ? '' : Object.values(space.value).join()), reset)
  return {
    state,
    result: computed(() => (state.value.phase === 'done' ? state.value.result : undefined)),
    run,
    stop,
    show: (result) => {
      state.value = { phase: 'done', result }
    },
    reset,
  }
}
