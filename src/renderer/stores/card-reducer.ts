/** @file The trial before a run, step by step. Pure and total. `key` says which plan it was made for. */
import type { FeasibilityCard, Progress } from '../../engine/contract'
import type { Problem } from '../services/problem'

export type CardState =
  | { readonly phase: 'none' }
  | { readonly phase: 'measuring'; readonly key: string; readonly progress: Progress | undefined; readonly stopping: boolean }
  | { readonly phase: 'ready'; readonly key: string; readonly card: FeasibilityCard }
  | { readonly phase: 'failed'; readonly key: string; readonly problem: Problem }

export type CardChange =
  | { readonly kind: 'measure'; readonly key: string }
  | Progress
  | { readonly kind: 'stop' }
  | { readonly kind: 'measured'; readonly card: FeasibilityCard }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'clear' }

/** The state after `change`. A trial that runs is neither started again nor cleared. */
export function reduceCard(state: CardState, change: CardChange): CardState {
  if (state.phase !== 'measuring') {
    if (change.kind === 'measure') return { phase: 'measuring', key: change.key, progress: undefined, stopping: false }
    return change.kind === 'clear' ? { phase: 'none' } : state
  }
  switch (change.kind) {
    case 'progress':
      return { ...state, progress: change }
    case 'stop':
      return { ...state, stopping: true }
    case 'measured':
      return { phase: 'ready', key: state.key, card: change.card }
    case 'cancelled':
      return { phase: 'none' }
    case 'failed':
      return { phase: 'failed', key: state.key, problem: change.problem }
    case 'measure':
    case 'clear':
      return state
  }
}
