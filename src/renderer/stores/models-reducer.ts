/** @file The import of a model, step by step. Pure and total. */
import type { ModelInfo, OnnxInspection, Progress } from '../../engine/contract'
import type { Problem } from '../services/problem'

export type ImportState =
  | { readonly phase: 'idle' }
  /** `inspection` where a graph of another maker is imported as somebody chose. */
  | { readonly phase: 'importing'; readonly path: string; readonly progress: Progress | undefined; readonly inspection?: OnnxInspection }
  /** A graph of another maker was tried; how it is read is to be chosen. `problem` is what was wrong with the last choice. */
  | { readonly phase: 'choosing'; readonly path: string; readonly inspection: OnnxInspection; readonly problem: Problem | undefined }
  | { readonly phase: 'imported'; readonly model: ModelInfo }
  | { readonly phase: 'failed'; readonly path: string; readonly problem: Problem }

export type ImportChange =
  | { readonly kind: 'import'; readonly path: string }
  | Progress
  | { readonly kind: 'inspected'; readonly inspection: OnnxInspection }
  | { readonly kind: 'chosen' }
  | { readonly kind: 'imported'; readonly model: ModelInfo }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'dismiss' }

/** The state after `change`. While an import runs, another one and a dismissal are ignored. */
export function reduceImport(state: ImportState, change: ImportChange): ImportState {
  if (state.phase === 'choosing' && change.kind === 'chosen') return { phase: 'importing', path: state.path, progress: undefined, inspection: state.inspection }
  if (state.phase !== 'importing') {
    if (change.kind === 'import') return { phase: 'importing', path: change.path, progress: undefined }
    return change.kind === 'dismiss' ? { phase: 'idle' } : state
  }
  switch (change.kind) {
    case 'progress':
      return { ...state, progress: change }
    case 'inspected':
      return { phase: 'choosing', path: state.path, inspection: change.inspection, problem: undefined }
    case 'imported':
      return { phase: 'imported', model: change.model }
    case 'cancelled':
      return { phase: 'idle' }
    case 'failed':
      // A choice that the graph contradicts can be made again.
      if (state.inspection !== undefined && change.problem.code === 'BAD_REQUEST') return { phase: 'choosing', path: state.path, inspection: state.inspection, problem: change.problem }
      return { phase: 'failed', path: state.path, problem: change.problem }
    case 'import':
    case 'chosen':
    case 'dismiss':
      return state
  }
}

/** The model to look through: the chosen one if it is there, else a trained one, else any. */
export function activeModel(models: readonly ModelInfo[], chosenId: string | undefined): ModelInfo | undefined {
  return models.find((model) => model.id === chosenId) ?? models.find((model) => model.trained) ?? models[0]
}
