/** @file Work that makes vectors or files of them, step by step. Pure and total. */
import type { EmbedEvent, Progress } from '../../engine/contract'
import type { Problem } from '../services/problem'

/** The folder the vectors are of: it may no longer be the open one when they are ready. */
export interface EmbedFolder {
  readonly name: string
  readonly path: string
}

export type EmbedState<R> =
  | { readonly phase: 'idle' }
  | {
      readonly phase: 'running'
      readonly folder: EmbedFolder
      readonly progress: Progress | undefined
      readonly skipped: number
      readonly stopping: boolean
    }
  /** Stopped by hand: what was done is kept, and it goes on from there. */
  | { readonly phase: 'stopped'; readonly folder: EmbedFolder }
  | { readonly phase: 'finished'; readonly folder: EmbedFolder; readonly result: R }
  | { readonly phase: 'failed'; readonly folder: EmbedFolder; readonly problem: Problem }

export type EmbedChange<R> =
  | { readonly kind: 'start'; readonly folder: EmbedFolder }
  | EmbedEvent
  | { readonly kind: 'stop' }
  | { readonly kind: 'finished'; readonly result: R }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'dismiss' }

/** The state after `change`. A running job is not started again and not dismissed. */
export function reduceEmbed<R>(state: EmbedState<R>, change: EmbedChange<R>): EmbedState<R> {
  if (state.phase !== 'running') {
    if (change.kind === 'start') return { phase: 'running', folder: change.folder, progress: undefined, skipped: 0, stopping: false }
    return change.kind === 'dismiss' ? { phase: 'idle' } : state
  }
  switch (change.kind) {
    case 'progress':
      return { ...state, progress: change }
    case 'skipped':
      return { ...state, skipped: state.skipped + 1 }
    case 'stop':
      return { ...state, stopping: true }
    case 'finished':
      return { phase: 'finished', folder: state.folder, result: change.result }
    case 'cancelled':
      return { phase: 'stopped', folder: state.folder }
    case 'failed':
      return { phase: 'failed', folder: state.folder, problem: change.problem }
    case 'start':
    case 'dismiss':
      return state
  }
}
