/** @file A search, from its question to the pictures it found. Pure and total; an answer to an older question changes nothing. */
import type { PatchHit, PatchSearchResult, SearchExample, SearchResult } from '../../engine/contract'
import type { Problem } from '../services/problem'

/** An example and how the interface shows it. */
export type ShownExample = SearchExample & {
  readonly name: string
  /** Address of its picture. */
  readonly pictureUrl: string
}

export type SearchQuery =
  | { readonly kind: 'images'; readonly examples: readonly ShownExample[] }
  | {
      readonly kind: 'patches'
      readonly analysisId: string
      readonly imageId: string
      readonly name: string
      readonly pictureUrl: string
      readonly patches: readonly number[]
    }

/** What was found, whichever way it was looked for. */
export interface FoundPictures {
  /** Most similar first. */
  readonly rows: Uint32Array
  readonly scores: Float32Array
  /** Undefined for patches, which are always compared one by one. */
  readonly method: 'exact' | 'index' | undefined
  readonly searched: number
  readonly images: number
  readonly ms: number
  /** Where in each picture similar patches are; empty in a search for whole pictures. */
  readonly hits: ReadonlyMap<number, PatchHit>
}

export type SearchState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'searching'; readonly query: SearchQuery }
  /** There is nothing to search yet: vectors have to be made first. */
  | { readonly phase: 'lacking'; readonly query: SearchQuery }
  | { readonly phase: 'shown'; readonly query: SearchQuery; readonly found: FoundPictures }
  | { readonly phase: 'failed'; readonly query: SearchQuery; readonly problem: Problem }

export type SearchChange =
  | { readonly kind: 'search'; readonly query: SearchQuery }
  | { readonly kind: 'lack'; readonly query: SearchQuery }
  | { readonly kind: 'found'; readonly query: SearchQuery; readonly found: FoundPictures }
  | { readonly kind: 'failed'; readonly query: SearchQuery; readonly problem: Problem }
  | { readonly kind: 'leave' }

/** The state after `change`. */
export function reduceSearch(state: SearchState, change: SearchChange): SearchState {
  if (change.kind === 'leave') return { phase: 'idle' }
  if (change.kind === 'search') return { phase: 'searching', query: change.query }
  if (change.kind === 'lack') return { phase: 'lacking', query: change.query }
  if (state.phase !== 'searching' || state.query !== change.query) return state
  if (change.kind === 'found') return { phase: 'shown', query: change.query, found: change.found }
  return { phase: 'failed', query: change.query, problem: change.problem }
}

export function foundImages({ rows, scores, method, searched, images, ms }: SearchResult): FoundPictures {
  return { rows, scores, method, searched, images, ms, hits: new Map() }
}

export function foundPatches({ hits, searched, images, ms }: PatchSearchResult): FoundPictures {
  return {
    rows: Uint32Array.from(hits, ({ row }) => row),
    scores: Float32Array.from(hits, ({ score }) => score),
    method: undefined,
    searched,
    images,
    ms,
    hits: new Map(hits.map((hit) => [hit.row, hit])),
  }
}

const isSame = (a: SearchExample, b: SearchExample): boolean =>
  a.kind === 'row' ? b.kind === 'row' && a.row === b.row : b.kind === 'upload' && a.uploadId === b.uploadId

/** The examples with `example` among them, in place of what was said of the same picture; said twice the same, it is taken out. */
export function markedExamples(examples: readonly ShownExample[], example: ShownExample): readonly ShownExample[] {
  const before = examples.find((one) => isSame(one, example))
  if (before?.sign === example.sign) return examples.filter((one) => one !== before)
  return before === undefined ? [...examples, example] : examples.map((one) => (one === before ? example : one))
}

/** Whether one can search by these: something has to be looked for, not only avoided. */
export function canSearchBy(examples: readonly ShownExample[]): boolean {
  return examples.some(({ sign }) => sign === 1)
}
