/** @file The trial before a run: every state answers every change. */
import { describe, expect, it } from 'vitest'
import type { FeasibilityCard } from '../../../src/engine/contract'
import { reduceCard, type CardChange, type CardState } from '../../../src/renderer/stores/card-reducer'
import { progressOf } from '../fake-engine'
import { fakeSummary } from '../fake-training'

const problem = { code: 'MEMORY', message: 'a batch of 1 does not fit', lists: [] }
const progress = progressOf('Trying 20 steps', 1, 20)
const card: FeasibilityCard = {
  images: 2, summary: fakeSummary(), stepsTotal: 1, imagesPerSecond: 1, stepMs: 1, peakRssBytes: 1, freeMemoryBytes: 2, checkpointBytes: 1, freeDiskBytes: 9,
  hours: 1, batch: 1, verdict: 'good', advice: [], skipped: [],
}

describe('reduceCard', () => {
  const states = {
    none: { phase: 'none' },
    measuring: { phase: 'measuring', key: 'k', progress: undefined, stopping: false },
    ready: { phase: 'ready', key: 'k', card },
    failed: { phase: 'failed', key: 'k', problem },
  } as const satisfies Record<string, CardState>
  const changes = {
    measure: { kind: 'measure', key: 'k' },
    progress,
    stop: { kind: 'stop' },
    measured: { kind: 'measured', card },
    cancelled: { kind: 'cancelled' },
    failed: { kind: 'failed', problem },
    clear: { kind: 'clear' },
  } as const satisfies Record<string, CardChange>
  const results: Record<keyof typeof states, Partial<Record<keyof typeof changes, CardState>>> = {
    none: { measure: states.measuring },
    measuring: {
      progress: { ...states.measuring, progress },
      stop: { ...states.measuring, stopping: true },
      measured: states.ready,
      cancelled: states.none,
      failed: states.failed,
    },
    ready: { measure: states.measuring, clear: states.none },
    failed: { measure: states.measuring, clear: states.none },
  }
  const cases = Object.entries(states).flatMap(([phase, state]) =>
    Object.entries(changes).map(([kind, change]) => ({ phase, kind, state, change, expected: results[phase as keyof typeof states][kind as keyof typeof changes] ?? state })),
  )
  it.each(cases)('$phase after $kind', ({ state, change, expected }) => {
    expect(reduceCard(state, change)).toEqual(expected)
  })
})
