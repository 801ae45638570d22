/** @file A search goes from question to answer; an answer to another question changes nothing. */
import { describe, expect, it } from 'vitest'
import {
  canSearchBy,
  foundPatches,
  markedExamples,
  reduceSearch,
  type FoundPictures,
  type SearchChange,
  type SearchQuery,
  type SearchState,
  type ShownExample,
} from '../../../src/renderer/stores/search-reducer'

const example = (row: number, sign: 1 | -1 = 1): ShownExample => ({ kind: 'row', row, sign, name: `${row}`, pictureUrl: '' })
const query: SearchQuery = { kind: 'images', examples: [example(1)] }
const other: SearchQuery = { kind: 'images', examples: [example(2)] }
const found: FoundPictures = { rows: Uint32Array.of(1), scores: Float32Array.of(1), method: 'exact', searched: 1, images: 2, ms: 3, hits: new Map() }
const problem = { code: 'NOT_FOUND', message: 'gone', lists: [] }

describe('reduceSearch', () => {
  const states = {
    idle: { phase: 'idle' },
    searching: { phase: 'searching', query },
    lacking: { phase: 'lacking', query },
    shown: { phase: 'shown', query, found },
    failed: { phase: 'failed', query, problem },
  } as const satisfies Record<string, SearchState>
  const changes = {
    search: { kind: 'search', query: other },
    lack: { kind: 'lack', query: other },
    found: { kind: 'found', query, found },
    late: { kind: 'found', query: other, found },
    failed: { kind: 'failed', query, problem },
    leave: { kind: 'leave' },
  } as const satisfies Record<string, SearchChange>
  const always: Partial<Record<keyof typeof changes, SearchState>> = {
    search: { phase: 'searching', query: other },
    lack: { phase: 'lacking', query: other },
    leave: { phase: 'idle' },
  }
  const results: Partial<Record<keyof typeof states, Partial<Record<keyof typeof changes, SearchState>>>> = {
    searching: { found: states.shown, failed: states.failed },
  }
  const cases = Object.entries(states).flatMap(([phase, state]) =>
    Object.entries(changes).map(([kind, change]) => {
      const name = kind as keyof typeof changes
      return { phase, kind, state, change, expected: results[phase as keyof typeof states]?.[name] ?? always[name] ?? state }
    }),
  )
  it.each(cases)('$phase after $kind', ({ state, change, expected }) => {
    expect(reduceSearch(state, change)).toEqual(expected)
  })
})

describe('examples', () => {
  it('are added, turned over, and taken out when said twice', () => {
    const one = markedExamples([example(1)], example(2, -1))
    const two = markedExamples(one, example(1, -1))
    const three = markedExamples(two, example(2, -1))
    expect([one, two, three].map((list) => list.map((item) => (item.kind === 'row' ? item.row * item.sign : 0)))).toEqual([[1, -2], [-1, -2], [-1]])
  })

  it('must hold something to look for', () => {
    expect([canSearchBy([]), canSearchBy([example(1, -1)]), canSearchBy([example(1, -1), example(2)])]).toEqual([false, false, true])
  })
})

describe('foundPatches', () => {
  it('ranks pictures and keeps where their patches are', () => {
    const hit = { row: 4, score: 0.5, gridHeight: 1, gridWidth: 2, cosine: Float32Array.of(0.1, 0.5) }
    expect(foundPatches({ hits: [hit], searched: 3, images: 9, ms: 7 })).toEqual({
      rows: Uint32Array.of(4), scores: Float32Array.of(0.5), method: undefined, searched: 3, images: 9, ms: 7, hits: new Map([[4, hit]]),
    })
  })
})
