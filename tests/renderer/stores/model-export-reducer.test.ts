/** @file Exporting a model: every state answers every change. */
import { describe, expect, it } from 'vitest'
import { reduceModelExport, type ModelExportChange, type ModelExportState } from '../../../src/renderer/stores/model-export-reducer'
import { fakeModel, progressOf } from '../fake-engine'

const problem = { code: 'DISK', message: 'full', lists: [] }
const progress = progressOf('Writing', 1, 2)
const model = fakeModel()
const result = { exportId: 'e', files: [], parity: [] }

describe('reduceModelExport', () => {
  const states = {
    idle: { phase: 'idle' },
    running: { phase: 'running', model, progress: undefined, stopping: false },
    finished: { phase: 'finished', model, result },
    failed: { phase: 'failed', model, problem },
  } as const satisfies Record<string, ModelExportState>
  const changes = {
    start: { kind: 'start', model },
    progress,
    stop: { kind: 'stop' },
    finished: { kind: 'finished', result },
    cancelled: { kind: 'cancelled' },
    failed: { kind: 'failed', problem },
    dismiss: { kind: 'dismiss' },
  } as const satisfies Record<string, ModelExportChange>
  const results: Record<keyof typeof states, Partial<Record<keyof typeof changes, ModelExportState>>> = {
    idle: { start: states.running },
    running: {
      progress: { ...states.running, progress },
      stop: { ...states.running, stopping: true },
      finished: states.finished,
      cancelled: states.idle,
      failed: states.failed,
    },
    finished: { start: states.running, dismiss: states.idle },
    failed: { start: states.running, dismiss: states.idle },
  }
  const cases = Object.entries(states).flatMap(([phase, state]) =>
    Object.entries(changes).map(([kind, change]) => ({ phase, kind, state, change, expected: results[phase as keyof typeof states][kind as keyof typeof changes] ?? state })),
  )
  it.each(cases)('$phase after $kind', ({ state, change, expected }) => {
    expect(reduceModelExport(state, change)).toEqual(expected)
  })
})
