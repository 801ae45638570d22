/** @file Every state of the library answers every change. */
import { describe, expect, it } from 'vitest'
import { libraryOf, reduceLibrary, type LibraryChange, type LibraryState, type OpenedLibrary } from '../../../src/renderer/stores/library-reducer'
import { progressOf } from '../fake-engine'

const library: OpenedLibrary = { path: '/p', libraryId: 'l', name: 'p', counts: { images: 2, broken: 1, skipped: 0, gone: 0 } }
const problem = { code: 'SOURCE_UNAVAILABLE', message: 'gone', lists: [] }
const file = { relativePath: 'x', code: 'IMG_CORRUPT', reason: 'no' }
const image = { id: 'i', name: 'i', relativePath: 'i', sizeBytes: 1, modifiedMs: 1 }

const states = {
  empty: { phase: 'empty' },
  opening: { phase: 'opening', path: '/p' },
  scanning: { phase: 'scanning', library, progress: undefined },
  open: { phase: 'open', library, complete: true, offline: false },
  failed: { phase: 'failed', path: '/p', problem, library },
} as const satisfies Record<string, LibraryState>

const changes = {
  open: { kind: 'open', path: '/q' },
  opened: { kind: 'opened', libraryId: 'l', name: 'p' },
  found: { kind: 'found', images: [image] },
  checked: { kind: 'checked', checks: [] },
  broken: { kind: 'broken', id: 'i', problem: file },
  skipped: { kind: 'skipped', problem: file },
  gone: { kind: 'gone', ids: ['i', 'j'] },
  back: { kind: 'back', ids: ['i'] },
  changed: { kind: 'changed', ids: ['i'] },
  counted: { kind: 'counted', counts: { images: 8, broken: 0, skipped: 1, gone: 3 } },
  progress: progressOf('Checking', 1, 2),
  finished: { kind: 'finished', summary: { libraryId: 'l', images: 9, broken: 2, skipped: 3, gone: 1, offline: true } },
  cancelled: { kind: 'cancelled' },
  failed: { kind: 'failed', problem },
  close: { kind: 'close' },
} as const satisfies Record<string, LibraryChange>

const opening: LibraryState = { phase: 'opening', path: '/q' }
const empty: LibraryState = { phase: 'empty' }
const counts = (more: Partial<OpenedLibrary['counts']>): LibraryState => ({ ...states.scanning, library: { ...library, counts: { ...library.counts, ...more } } })

/** What each change makes of each state; left out where nothing changes. */
const results: Record<keyof typeof states, Partial<Record<keyof typeof changes, LibraryState>>> = {
  empty: { open: opening, close: empty },
  opening: {
    open: opening,
    close: empty,
    opened: { phase: 'scanning', library: { ...library, counts: { images: 0, broken: 0, skipped: 0, gone: 0 } }, progress: undefined },
    cancelled: empty,
    failed: { phase: 'failed', path: '/p', problem, library: undefined },
  },
  scanning: {
    open: opening,
    close: empty,
    found: counts({ images: 3 }),
    broken: counts({ broken: 2 }),
    skipped: counts({ skipped: 1 }),
    gone: counts({ gone: 2 }),
    progress: { ...states.scanning, progress: changes.progress },
    finished: { phase: 'open', library: { ...library, counts: { images: 9, broken: 2, skipped: 3, gone: 1 } }, complete: true, offline: true },
    cancelled: { phase: 'open', library, complete: false, offline: false },
    failed: { phase: 'failed', path: '/p', problem, library },
  },
  open: {
    open: opening,
    close: empty,
    counted: { ...states.open, library: { ...library, counts: changes.counted.counts } },
  },
  failed: { open: opening, close: empty },
}

describe('reduceLibrary', () => {
  const cases = Object.entries(states).flatMap(([phase, state]) =>
    Object.entries(changes).map(([kind, change]) => ({ phase, kind, state, change, expected: results[phase as keyof typeof states][kind as keyof typeof changes] ?? state })),
  )
  it.each(cases)('$phase after $kind', ({ state, change, expected }) => {
    expect(reduceLibrary(state, change)).toEqual(expected)
  })
})

describe('libraryOf', () => {
  it('is what can be shown, in whatever phase', () => {
    expect(Object.values(states).map((state) => libraryOf(state)?.libraryId)).toEqual([undefined, undefined, 'l', 'l', 'l'])
  })
})
