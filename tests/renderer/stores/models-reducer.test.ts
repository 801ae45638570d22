/** @file Importing a model: every state answers every change. */
import { describe, expect, it } from 'vitest'
import { activeModel, reduceImport, type ImportChange, type ImportState } from '../../../src/renderer/stores/models-reducer'
import { fakeModel, progressOf } from '../fake-engine'

const problem = { code: 'DISK', message: 'full', lists: [] }
const progress = progressOf('Working', 1, 2)

describe('reduceImport', () => {
  const model = fakeModel()
  const states = {
    idle: { phase: 'idle' },
    importing: { phase: 'importing', path: '/m', progress: undefined },
    imported: { phase: 'imported', model },
    failed: { phase: 'failed', path: '/m', problem },
  } as const satisfies Record<string, ImportState>
  const changes = {
    import: { kind: 'import', path: '/n' },
    progress,
    imported: { kind: 'imported', model },
    cancelled: { kind: 'cancelled' },
    failed: { kind: 'failed', problem },
    dismiss: { kind: 'dismiss' },
  } as const satisfies Record<string, ImportChange>
  const importing: ImportState = { phase: 'importing', path: '/n', progress: undefined }
  const results: Record<keyof typeof states, Partial<Record<keyof typeof changes, ImportState>>> = {
    idle: { import: importing },
    importing: { progress: { ...states.importing, progress }, imported: states.imported, cancelled: states.idle, failed: states.failed },
    imported: { import: importing, dismiss: states.idle },
    failed: { import: importing, dismiss: states.idle },
  }
  const cases = Object.entries(states).flatMap(([phase, state]) =>
    Object.entries(changes).map(([kind, change]) => ({ phase, kind, state, change, expected: results[phase as keyof typeof states][kind as keyof typeof changes] ?? state })),
  )
  it.each(cases)('$phase after $kind', ({ state, change, expected }) => {
    expect(reduceImport(state, change)).toEqual(expected)
  })
})

describe('activeModel', () => {
  const demo = fakeModel()
  const trained = fakeModel({ id: 'trained', trained: true })
  it.each([
    ['the chosen one', [demo, trained], 'demo', demo],
    ['a trained one when the chosen one is gone', [demo, trained], 'gone', trained],
    ['any when none is trained', [demo], undefined, demo],
    ['none when there is none', [], 'demo', undefined],
  ])('is %s', (_name, models, chosen, expected) => {
    expect(activeModel(models, chosen)).toBe(expected)
  })
})
