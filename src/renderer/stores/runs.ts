/** @file The training runs: kept current by the engine's pushes, and what a person may ask of them. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { keptNetwork, type ModelInfo, type RunInfo } from '../../engine/contract'
import { useClient } from '../services/client'
import { problemOf } from '../services/problem'
import { isLive } from '../services/run-text'
import { createBatcher } from './batcher'
import { useModelsStore } from './models'
import { initialRuns, reduceRuns, type RunsChange, type RunsState, type RunVerb } from './runs-reducer'

/** Pushes reach the page at most this often. */
const updateEveryMs = 100

export const useRunsStore = defineStore('runs', () => {
  const models = useModelsStore()
  const state = shallowRef<RunsState>(initialRuns)
  const listeners = new Set<(run: RunInfo) => void>()

  const dispatch = (change: RunsChange): void => {
    state.value = reduceRuns(state.value, change)
  }
  const take = (run: RunInfo): void => {
    dispatch({ kind: 'changed', run })
    for (const listener of listeners) listener(run)
  }
  const batcher = createBatcher<RunInfo>(updateEveryMs, (pushed) => {
    // One state for them all, so that the page draws once.
    state.value = pushed.reduce((now, run) => reduceRuns(now, { kind: 'changed', run }), state.value)
    for (const run of pushed) for (const listener of listeners) listener(run)
  })

  const runs = computed(() => state.value.runs)
  const live = computed(() => state.value.runs.filter(isLive))
  const runOf = (runId: string | undefined): RunInfo | undefined => state.value.runs.find(({ id }) => id === runId)
  const busyWith = (runId: string): RunVerb | undefined => state.value.busy[runId]

  const load = async (): Promise<void> => {
    try {
      dispatch({ kind: 'listed', runs: await useClient()['runs.list'](undefined) })
    } catch (error) {
      dispatch({ kind: 'list-failed', problem: problemOf(error) })
    }
  }

  const start = async (): Promise<void> => {
    useClient()['runs.changed'](batcher.add)
    await load()
  }

  /** Does one thing with one run; a refusal is kept with its words. Answers undefined where it was refused. */
  const ask = async <R>(runId: string, verb: RunVerb, title: string, work: () => Promise<R>): Promise<R | undefined> => {
    if (busyWith(runId) !== undefined) return undefined
    dispatch({ kind: 'asked', runId, verb })
    try {
      const answer = await work()
      dispatch({ kind: 'answered', runId })
      return answer
    } catch (error) {
      dispatch({ kind: 'refused', problem: { runId, title, problem: problemOf(error) } })
      return undefined
    }
  }

  const change = async (run: RunInfo, verb: RunVerb, title: string, work: () => Promise<RunInfo>): Promise<void> => {
    const next = await ask(run.id, verb, title, work)
    // What was pushed while the answer travelled is older than the answer.
    batcher.flush()
    if (next !== undefined) take(next)
  }

  const pause = (run: RunInfo, paused: boolean): Promise<void> =>
    change(run, 'pausing', `${run.name} was not ${paused ? 'paused' : 'continued'}`, () => useClient()['runs.pause']({ runId: run.id, paused }))
  const stop = (run: RunInfo): Promise<void> => change(run, 'stopping', `${run.name} was not stopped`, () => useClient()['runs.stop']({ runId: run.id }))
  const resume = (run: RunInfo): Promise<void> =>
    change(run, 'resuming', `${run.name} was not resumed`, () => useClient()['runs.resume']({ runId: run.id }))
  const rename = (run: RunInfo, name: string): Promise<void> =>
    change(run, 'renaming', `${run.name} was not renamed`, () => useClient()['runs.rename']({ runId: run.id, name }))
  const finishBy = (run: RunInfo, at: string | undefined): Promise<void> =>
    change(run, 'planning', `The end of ${run.name} was not set`, () => useClient()['runs.finishBy']({ runId: run.id, at }))

  const remove = async (run: RunInfo): Promise<boolean> => {
    const done = await ask(run.id, 'deleting', `${run.name} was not deleted`, async () => {
      await useClient()['runs.delete']({ runId: run.id })
      return true
    })
    batcher.flush()
    if (done === true) dispatch({ kind: 'deleted', runId: run.id })
    return done === true
  }

  const report = (run: RunInfo): Promise<{ readonly exportId: string; readonly name: string } | undefined> =>
    ask(run.id, 'reporting', `The report of ${run.name} is not there`, () => useClient()['runs.report']({ runId: run.id }))

  /** Makes the run's teacher, or student, a model. */
  const takeTeacher = (run: RunInfo, checkpoint: 'newest' | 'best'): Promise<ModelInfo | undefined> =>
    ask(run.id, 'taking', `The ${keptNetwork(run.summary)} of ${run.name} could not be taken`, async () => {
      const model = await useClient()['runs.teacher']({ runId: run.id, checkpoint })
      await models.load()
      return model
    })
  /** Makes the run's teacher a model and the one that is looked through. */
  const lookThrough = async (run: RunInfo, checkpoint: 'newest' | 'best'): Promise<ModelInfo | undefined> => {
    const model = await takeTeacher(run, checkpoint)
    if (model !== undefined) models.choose(model.id)
    return model
  }

  /** The whole recipe of a run. @throws EngineError where it cannot be read */
  const recipeOf = async (runId: string): Promise<string> => (await useClient()['runs.recipe']({ runId })).yaml

  const dismiss = (): void => {
    dispatch({ kind: 'dismiss' })
  }
  /** Calls back for every change of any run. */
  const onChange = (listener: (run: RunInfo) => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return {
    state, runs, live, start, load, runOf, busyWith, take, pause, stop, resume, rename, finishBy, remove, report, takeTeacher, lookThrough, recipeOf, dismiss, onChange,
  }
})
