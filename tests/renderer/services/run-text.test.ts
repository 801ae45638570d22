/** @file A run in words. */
import { describe, expect, it } from 'vitest'
import type { RunState } from '../../../src/engine/contract'
import type { RunMoment } from '../../../src/renderer/stores/runs-reducer'
import { runLog } from '../../../src/renderer/services/run-log'
import { canResume, compareLabel, formatHours, isLive, paceText, runShare, runStateText, startModel, stepText } from '../../../src/renderer/services/run-text'
import { fakeModel } from '../fake-engine'
import { fakeRun } from '../fake-training'

const states: readonly RunState[] = ['starting', 'running', 'paused', 'stopping', 'stopped', 'interrupted', 'finished', 'failed']
const checkpoints = [{ step: 1200, best: true, savedAt: '2026-03-12T22:00:00.000Z' }]

describe('a run in words', () => {
  it('knows which states work and which can be resumed', () => {
    expect(states.filter((state) => isLive(fakeRun({ state })))).toEqual(['starting', 'running', 'paused', 'stopping'])
    expect(states.filter((state) => canResume(fakeRun({ state })))).toEqual(['stopped', 'interrupted'])
    expect(canResume(fakeRun({ state: 'failed', checkpoints }))).toBe(true)
    expect(states.map(runStateText).every((text) => /^[A-Z][a-z]+$/.test(text))).toBe(true)
  })

  it('tells steps, share and pace', () => {
    const run = fakeRun({ step: 1200, stepsTotal: 40_000, imagesPerSecond: 3.9, etaMs: 7_512_000 })
    expect([stepText(run), runShare(run), paceText(run)]).toEqual(['step 1,200 of 40,000', 0.03, '3.90 img/s · 2 h 5 min left'])
    expect([paceText({ ...run, state: 'paused' }), paceText({ ...run, state: 'stopped' }), paceText({ ...run, etaMs: undefined })]).toEqual(['', '', '3.90 img/s'])
    expect([stepText(fakeRun({ step: 3, stepsTotal: 0 })), runShare(fakeRun({ stepsTotal: 0 }))]).toEqual(['step 3', 0])
  })

  it('knows the model that it began with; from scratch the bundled one stands for it, and is called so', () => {
    const models = [fakeModel({ id: 'mine', name: 'Mine', origin: 'imported' }), fakeModel()]
    const [tuned, scratch, lost] = ['Mine', undefined, 'Gone'].map((init) => fakeRun({ init }))
    expect([tuned, scratch, lost].map((run) => startModel(run!, models)?.id)).toEqual(['mine', 'demo', 'demo'])
    expect([tuned, scratch].map((run) => compareLabel(run!))).toEqual(['Compare with where it started', 'Compare with the bundled model'])
  })

  it('writes hours as people say them', () => {
    expect([0.005, 0.2, 3.56, 72].map(formatHours)).toEqual(['18 s', '12 min', '3 h 34 min', '3.00 days'])
  })
})

describe('runLog', () => {
  it('lists what happened, the newest first', () => {
    const run = fakeRun({ createdAt: '2026-03-12T20:00:00.000Z', checkpoints })
    const moments: readonly RunMoment[] = [
      { at: '2026-03-12T22:20:00.000Z', step: 1200, state: 'running', reason: 'saving step 1200' },
      { at: '2026-03-12T22:30:00.000Z', step: 1250, state: 'running', reason: 'looking at the probe pictures' },
      { at: '2026-03-12T22:31:00.000Z', step: 1250, state: 'running', reason: undefined },
      { at: '2026-03-12T23:00:00.000Z', step: 1310, state: 'interrupted', reason: 'killed' },
    ]
    expect(runLog(run, moments).map(({ text, kind }) => [kind, text])).toEqual([
      ['phase', 'Interrupted: killed · step 1,310'],
      ['phase', 'Looking at the probe pictures · step 1,250'],
      ['phase', 'Saving step 1200'],
      ['checkpoint', 'Checkpoint at step 1,200, the best so far'],
      ['begin', 'Begun'],
    ])
  })

  it('tells of what is done again and again only the last time', () => {
    const looks = ['22:10', '22:20', '22:30'].flatMap((time, index): RunMoment[] => [
      { at: `2026-03-12T${time}:00.000Z`, step: 100 * (index + 1), state: 'running', reason: 'looking at the probe pictures' },
      { at: `2026-03-12T${time}:30.000Z`, step: 100 * (index + 1), state: 'running', reason: undefined },
    ])
    const texts = runLog(fakeRun({ createdAt: '2026-03-12T20:00:00.000Z', checkpoints: [] }), looks).map(({ text }) => text)
    expect(texts).toEqual(['Looking at the probe pictures · step 300', 'Begun'])
  })
})
