/** @file The export of a model, step by step. Pure and total. */
import type { ModelExportResult, ModelInfo, Progress } from '../../engine/contract'
import type { Problem } from '../services/problem'

export type ModelExportState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'running'; readonly model: ModelInfo; readonly progress: Progress | undefined; readonly stopping: boolean }
  | { readonly phase: 'finished'; readonly model: ModelInfo; readonly result: ModelExportResult }
  | { readonly phase: 'failed'; readonly model: ModelInfo; readonly problem: Problem }

export type ModelExportChange =
  | { readonly kind: 'start'; readonly model: ModelInfo }
  | Progress
  | { readonly kind: 'stop' }
  | { readonly kind: 'finished'; readonly result: ModelExportResult }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'dismiss' }

/** The state after `change`. A running export is neither started again nor dismissed. */
export function reduceModelExport(state: ModelExportState, change: ModelExportChange): ModelExportState {
  if (state.phase !== 'running') {
    if (change.kind === 'start') return { phase: 'running', model: change.model, progress: undefined, stopping: false }
    return change.kind === 'dismiss' ? { phase: 'idle' } : state
  }
  switch (change.kind) {
    case 'progress':
      return { ...state, progress: change }
    case 'stop':
      return { ...state, stopping: true }
    case 'finished':
      return { phase: 'finished', model: state.model, result: change.result }
    case 'cancelled':
      return { phase: 'idle' }
    case 'failed':
      return { phase: 'failed', model: state.model, problem: change.problem }
    case 'start':
    case 'dismiss':
      return state
  }
}
