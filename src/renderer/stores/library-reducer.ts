/** @file What happens to an opened folder, step by step. Pure and total: every event has an answer in every state. */
import type { LibraryEvent, LibrarySummary, Progress } from '../../engine/contract'
import type { Problem } from '../services/problem'

export interface LibraryCounts {
  readonly images: number
  readonly broken: number
  readonly skipped: number
  readonly gone: number
}

/** A folder the engine knows, whole or in part. */
export interface OpenedLibrary {
  readonly path: string
  readonly libraryId: string
  readonly name: string
  readonly counts: LibraryCounts
}

export type LibraryState =
  | { readonly phase: 'empty' }
  | { readonly phase: 'opening'; readonly path: string }
  | { readonly phase: 'scanning'; readonly library: OpenedLibrary; readonly progress: Progress | undefined }
  /** `complete` is false when the scan was stopped by hand: what had been found stays. `offline`: what is shown was known before. */
  | { readonly phase: 'open'; readonly library: OpenedLibrary; readonly complete: boolean; readonly offline: boolean }
  /** `library` is what had been found before the failure. */
  | { readonly phase: 'failed'; readonly path: string; readonly problem: Problem; readonly library: OpenedLibrary | undefined }

export type LibraryChange =
  | LibraryEvent
  | { readonly kind: 'open'; readonly path: string }
  | { readonly kind: 'finished'; readonly summary: LibrarySummary }
  /** The folder was watched after it had been read, and is different now. */
  | { readonly kind: 'counted'; readonly counts: LibraryCounts }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'close' }

const noCounts: LibraryCounts = { images: 0, broken: 0, skipped: 0, gone: 0 }

const counted = (library: OpenedLibrary, more: Partial<LibraryCounts>): OpenedLibrary => ({
  ...library,
  counts: {
    images: library.counts.images + (more.images ?? 0),
    broken: library.counts.broken + (more.broken ?? 0),
    skipped: library.counts.skipped + (more.skipped ?? 0),
    gone: library.counts.gone + (more.gone ?? 0),
  },
})

function reduceScan(state: Extract<LibraryState, { phase: 'scanning' }>, change: LibraryChange): LibraryState {
  const { library } = state
  switch (change.kind) {
    case 'found':
      return { ...state, library: counted(library, { images: change.images.length }) }
    case 'broken':
      return { ...state, library: counted(library, { broken: 1 }) }
    case 'skipped':
      return { ...state, library: counted(library, { skipped: 1 }) }
    case 'gone':
      return { ...state, library: counted(library, { gone: change.ids.length }) }
    case 'progress':
      return { ...state, progress: change }
    case 'finished': {
      const { images, broken, skipped, gone, offline } = change.summary
      return { phase: 'open', library: { ...library, counts: { images, broken, skipped, gone } }, complete: true, offline }
    }
    case 'cancelled':
      return { phase: 'open', library, complete: false, offline: false }
    case 'failed':
      return { phase: 'failed', path: library.path, problem: change.problem, library }
    default:
      return state
  }
}

function reduceOpening(state: Extract<LibraryState, { phase: 'opening' }>, change: LibraryChange): LibraryState {
  switch (change.kind) {
    case 'opened': {
      const library = { path: state.path, libraryId: change.libraryId, name: change.name, counts: noCounts }
      return { phase: 'scanning', library, progress: undefined }
    }
    case 'cancelled':
      return { phase: 'empty' }
    case 'failed':
      return { phase: 'failed', path: state.path, problem: change.problem, library: undefined }
    default:
      return state
  }
}

/** The state after `change`. */
export function reduceLibrary(state: LibraryState, change: LibraryChange): LibraryState {
  if (change.kind === 'open') return { phase: 'opening', path: change.path }
  if (change.kind === 'close') return { phase: 'empty' }
  if (state.phase === 'scanning') return reduceScan(state, change)
  if (state.phase === 'opening') return reduceOpening(state, change)
  if (state.phase === 'open' && change.kind === 'counted') return { ...state, library: { ...state.library, counts: change.counts } }
  return state
}

/** The folder whose images can be shown, in whatever phase. */
export function libraryOf(state: LibraryState): OpenedLibrary | undefined {
  return 'library' in state ? state.library : undefined
}
