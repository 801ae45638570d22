/** @file Embedding a folder: every state answers every change. */
import { describe, expect, it } from 'vitest'
import { reduceEmbed, type EmbedChange, type EmbedState } from '../../../src/renderer/stores/embed-reducer'
import { progressOf } from '../fake-engine'

const problem = { code: 'DISK', message: 'full', lists: [] }
const folder = { name: 'trip', path: '/photos/trip' }
const progress = progressOf('Working', 1, 2)

describe('reduceEmbed', () => {
  const result = 7
  const states = {
    idle: { phase: 'idle' },
    running: { phase: 'running', folder, progress: undefined, skipped: 0, stopping: false },
    stopped: { phase: 'stopped', folder },
    finished: { phase: 'finished', folder, result },
    failed: { phase: 'failed', folder, problem },
  } as const satisfies Record<string, EmbedState<number>>
  const changes = {
    start: { kind: 'start', folder },
    progress,
    skipped: { kind: 'skipped', problem: { relativePath: 'x', code: 'IMG_CORRUPT', reason: 'no' } },
    stop: { kind: 'stop' },
    finished: { kind: 'finished', result },
    cancelled: { kind: 'cancelled' },
    failed: { kind: 'failed', problem },
    dismiss: { kind: 'dismiss' },
  } as const satisfies Record<string, EmbedChange<number>>
  const results: Record<keyof typeof states, Partial<Record<keyof typeof changes, EmbedState<number>>>> = {
    idle: { start: states.running },
    running: {
      progress: { ...states.running, progress },
      skipped: { ...states.running, skipped: 1 },
      stop: { ...states.running, stopping: true },
      finished: states.finished,
      cancelled: states.stopped,
      failed: states.failed,
    },
    stopped: { start: states.running, dismiss: states.idle },
    finished: { start: states.running, dismiss: states.idle },
    failed: { start: states.running, dismiss: states.idle },
  }
  const cases = Object.entries(states).flatMap(([phase, state]) =>
    Object.entries(changes).map(([kind, change]) => ({ phase, kind, state, change, expected: results[phase as keyof typeof states][kind as keyof typeof changes] ?? state })),
  )
  it.each(cases)('$phase after $kind', ({ state, change, expected }) => {
    expect(reduceEmbed(state, change)).toEqual(expected)
  })
})
