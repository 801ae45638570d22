/** @file What is told of a run after each kind of event. */
import { describe, expect, it } from 'vitest'
import type { RunInfo, RunState, TrainEvent } from '../../../../src/engine/contract'
import { afterEvent } from '../../../../src/engine/host/runs/live-info'
import { runInfo, stepEvent } from './fakes'

const now = '2026-11-25T03:00:00.000Z'
const changes = (before: Partial<RunInfo>, event: TrainEvent): Partial<RunInfo> => {
  const start = runInfo({ state: 'running', ...before })
  const end = afterEvent(start, event, now)
  return Object.fromEntries(Object.entries(end).filter(([key, value]) => value !== start[key as keyof RunInfo]))
}

describe('afterEvent', () => {
  it.each<[phase: Extract<TrainEvent, { kind: 'phase' }>['phase'], state: RunState, reason: string | undefined]>([
    ['preparing', 'starting', 'a note'],
    ['training', 'running', undefined],
    ['evaluating', 'running', 'a note'],
    ['checkpointing', 'running', 'a note'],
    ['paused', 'paused', 'a note'],
    ['stopping', 'stopping', 'a note'],
  ])('in phase %s is %s', (phase, state, reason) => {
    const end = afterEvent(runInfo({ state: 'running' }), { kind: 'phase', phase, note: 'a note' }, now)
    expect([end.state, end.reason, end.updatedAt]).toEqual([state, reason, now])
  })

  it('stays stopping whatever the trainer is at', () => {
    expect(afterEvent(runInfo({ state: 'stopping', reason: 'writing a checkpoint' }), { kind: 'phase', phase: 'training', note: '' }, now)).toMatchObject({ state: 'stopping', reason: 'writing a checkpoint' })
  })

  it('tells a step, its rate and what is left', () => {
    expect(changes({}, stepEvent(12))).toEqual({ updatedAt: now, step: 12, latest: { step: 12, values: { loss: 12 } }, imagesPerSecond: 4, etaMs: 88_000 })
  })

  it('keeps the best accuracy it has heard of', () => {
    const scored = (knn: number): TrainEvent => ({ kind: 'step', metrics: { step: 1, values: { knn } }, stepsTotal: 100, imagesPerSecond: 1, etaMs: 1 })
    expect([changes({}, scored(0.3)).bestKnn, changes({ bestKnn: 0.5 }, scored(0.3)).bestKnn, changes({ bestKnn: 0.5 }, scored(NaN)).bestKnn, changes({ bestKnn: 0.2 }, scored(0.4)).bestKnn]).toEqual([0.3, undefined, undefined, 0.4])
  })

  it('lists checkpoints by step, and only one as the best', () => {
    const checkpoint = (step: number, best: boolean) => ({ step, best, savedAt: now })
    expect(changes({ checkpoints: [checkpoint(10, true), checkpoint(30, false)] }, { kind: 'checkpoint', checkpoint: checkpoint(20, true) }).checkpoints).toEqual([checkpoint(10, false), checkpoint(20, true), checkpoint(30, false)])
  })

  it('keeps the last fifty warnings and counts pictures that were left out', () => {
    const warning = (step: number) => ({ step, code: 'loss-rising', message: 'm', advice: 'a' }) as const
    const warnings = Array.from({ length: 50 }, (_, step) => warning(step))
    expect(changes({ warnings }, { kind: 'warning', warning: warning(50) }).warnings?.map(({ step }) => step)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    expect(changes({ skippedImages: 2 }, { kind: 'skipped', problem: { relativePath: 'a.jpg', code: 'IMG_CORRUPT', reason: 'r' } }).skippedImages).toBe(3)
  })
})
