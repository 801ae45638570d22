/** @file The runs there are, as they change: what the engine tells, what is asked of them, what went wrong. Pure and total. */
import type { RunInfo } from '../../engine/contract'
import type { Problem } from '../services/problem'

/** What is being asked of a run right now. */
export type RunVerb = 'pausing' | 'stopping' | 'resuming' | 'renaming' | 'deleting' | 'planning' | 'reporting' | 'taking'

/** A change of what a run was doing, as the page saw it. */
export interface RunMoment {
  readonly at: string
  readonly step: number
  readonly state: RunInfo['state']
  readonly reason: string | undefined
}

export interface RunProblem {
  readonly runId: string
  readonly title: string
  readonly problem: Problem
}

export interface RunsState {
  /** False until the list has been read once. */
  readonly loaded: boolean
  /** The newest first. */
  readonly runs: readonly RunInfo[]
  readonly busy: Readonly<Record<string, RunVerb>>
  /** By run, the newest last; bounded. */
  readonly moments: Readonly<Record<string, readonly RunMoment[]>>
  /** Why the list could not be read. */
  readonly listProblem: Problem | undefined
  /** Why the last thing asked of a run was not done. */
  readonly problem: RunProblem | undefined
}

export type RunsChange =
  | { readonly kind: 'listed'; readonly runs: readonly RunInfo[] }
  | { readonly kind: 'list-failed'; readonly problem: Problem }
  | { readonly kind: 'changed'; readonly run: RunInfo }
  | { readonly kind: 'asked'; readonly runId: string; readonly verb: RunVerb }
  | { readonly kind: 'answered'; readonly runId: string }
  | { readonly kind: 'deleted'; readonly runId: string }
  | { readonly kind: 'refused'; readonly problem: RunProblem }
  | { readonly kind: 'dismiss' }

export const initialRuns: RunsState = { loaded: false, runs: [], busy: {}, moments: {}, listProblem: undefined, problem: undefined }

const keptMoments = 60

const byAge = (a: RunInfo, b: RunInfo): number => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : a.id < b.id ? -1 : 1)

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
}

function withRun(state: RunsState, run: RunInfo): RunsState {
  const known = state.runs.find(({ id }) => id === run.id)
  const runs = known === undefined ? [...state.runs, run].sort(byAge) : state.runs.map((other) => (other.id === run.id ? run : other))
  const moments = state.moments[run.id] ?? []
  const last = moments.at(-1)
  if (last?.state === run.state && last.reason === run.reason) return { ...state, runs }
  const moment: RunMoment = { at: run.updatedAt, step: run.step, state: run.state, reason: run.reason }
  return { ...state, runs, moments: { ...state.moments, [run.id]: [...moments, moment].slice(-keptMoments) } }
}

/** The state after `change`. */
export function reduceRuns(state: RunsState, change: RunsChange): RunsState {
  switch (change.kind) {
    case 'listed':
      return change.runs.reduce(withRun, { ...state, loaded: true, listProblem: undefined, runs: [] })
    case 'list-failed':
      return { ...state, listProblem: change.problem }
    case 'changed':
      return withRun(state, change.run)
    case 'asked':
      return { ...state, busy: { ...state.busy, [change.runId]: change.verb }, problem: undefined }
    case 'answered':
      return { ...state, busy: without(state.busy, change.runId) }
    case 'deleted':
      return {
        ...state,
        runs: state.runs.filter(({ id }) => id !== change.runId),
        busy: without(state.busy, change.runId),
        moments: without(state.moments, change.runId),
      }
    case 'refused':
      return { ...state, busy: without(state.busy, change.problem.runId), problem: change.problem }
    case 'dismiss':
      return { ...state, problem: undefined }
  }
}
