/** @file The runs as they change: every change has its answer, and one run's news leave the others alone. */
import { describe, expect, it } from 'vitest'
import { initialRuns, reduceRuns, type RunsChange, type RunsState } from '../../../src/renderer/stores/runs-reducer'
import { fakeRun } from '../fake-training'

const old = fakeRun({ id: 'old', createdAt: '2026-01-01T00:00:00.000Z', state: 'finished' })
const young = fakeRun({ id: 'young', createdAt: '2026-02-01T00:00:00.000Z' })
const problem = { code: 'BUSY', message: 'another run is running', lists: [] }
const after = (...changes: readonly RunsChange[]): RunsState => changes.reduce(reduceRuns, initialRuns)

describe('reduceRuns', () => {
  it('lists the newest first and notes how each was found', () => {
    expect(after({ kind: 'list-failed', problem }, { kind: 'listed', runs: [old, young] })).toEqual({
      loaded: true,
      runs: [young, old],
      busy: {},
      moments: {
        old: [{ at: old.updatedAt, step: 400, state: 'finished', reason: undefined }],
        young: [{ at: young.updatedAt, step: 400, state: 'running', reason: undefined }],
      },
      listProblem: undefined,
      problem: undefined,
    })
  })

  it('keeps the list it had when it cannot be read again', () => {
    const state = after({ kind: 'listed', runs: [old] }, { kind: 'list-failed', problem })
    expect([state.runs, state.listProblem]).toEqual([[old], problem])
  })

  it('replaces a run in its place, adds a new one in its place, and leaves the others as they are', () => {
    const further = { ...young, step: 401 }
    const between = fakeRun({ id: 'between', createdAt: '2026-01-15T00:00:00.000Z' })
    const state = after({ kind: 'listed', runs: [old, young] }, { kind: 'changed', run: further }, { kind: 'changed', run: between })
    expect(state.runs.map(({ id, step }) => [id, step])).toEqual([['young', 401], ['between', 400], ['old', 400]])
    expect(state.runs[2]).toBe(old)
  })

  it('notes a moment only where state or reason change, and no more than sixty', () => {
    const steps = Array.from({ length: 200 }, (_, step): RunsChange => ({ kind: 'changed', run: { ...young, step } }))
    expect(after(...steps).moments['young']?.length).toBe(1)
    const flips = Array.from({ length: 200 }, (_, step): RunsChange => ({ kind: 'changed', run: { ...young, step, reason: step % 2 === 0 ? 'evaluating' : undefined } }))
    const moments = after(...flips).moments['young'] ?? []
    expect([moments.length, moments.at(-1)?.step]).toEqual([60, 199])
  })

  it('knows what is asked of a run until it is answered or refused', () => {
    const asked = after({ kind: 'listed', runs: [young] }, { kind: 'asked', runId: 'young', verb: 'pausing' })
    const refusal = { runId: 'young', title: 'not paused', problem }
    expect(asked.busy).toEqual({ young: 'pausing' })
    expect(reduceRuns(asked, { kind: 'answered', runId: 'young' }).busy).toEqual({})
    const refused = reduceRuns(asked, { kind: 'refused', problem: refusal })
    expect([refused.busy, refused.problem]).toEqual([{}, refusal])
    expect(reduceRuns(refused, { kind: 'dismiss' }).problem).toBeUndefined()
    expect(reduceRuns(refused, { kind: 'asked', runId: 'young', verb: 'stopping' }).problem).toBeUndefined()
  })

  it('forgets everything about a deleted run', () => {
    const state = after({ kind: 'listed', runs: [old, young] }, { kind: 'asked', runId: 'old', verb: 'deleting' }, { kind: 'deleted', runId: 'old' })
    expect([state.runs, state.busy, Object.keys(state.moments)]).toEqual([[young], {}, ['young']])
  })
})
