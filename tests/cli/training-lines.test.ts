/** @file Training as a terminal shows it. */
import { describe, expect, it } from 'vitest'
import type { FeasibilityCard, TrainEvent } from '../../src/engine/contract'
import { durationText } from '../../src/cli/terminal'
import { cardLines, createTrainingLine, stepText } from '../../src/cli/training-lines'

type StepEvent = Extract<TrainEvent, { kind: 'step' }>
const step = (changes: Partial<StepEvent> = {}): StepEvent => ({ kind: 'step', metrics: { step: 120, values: { loss: 5.12345, lr: 1 } }, stepsTotal: 4000, imagesPerSecond: 3.4142, etaMs: 7_800_000, ...changes })

describe('stepText', () => {
  it.each<[StepEvent, string]>([
    [step(), 'step 120/4000 (3 %), loss 5.1235, 3.41 img/s, 2 h 10 min left'],
    [step({ imagesPerSecond: undefined, etaMs: undefined }), 'step 120/4000 (3 %), loss 5.1235'],
    [step({ metrics: { step: 0, values: {} }, stepsTotal: 0, imagesPerSecond: 120, etaMs: 1000 }), 'step 0/0, 120 img/s'],
    [step({ metrics: { step: 3999, values: {} }, etaMs: 1000 }), 'step 3999/4000 (99 %), 3.41 img/s, 1 s left'],
    [step({ metrics: { step: 1, values: { loss: NaN } } }), 'step 1/4000 (0 %), loss NaN, 3.41 img/s, 2 h 10 min left'],
  ])('tells %j', (event, text) => {
    expect(stepText(event)).toBe(text)
  })
})

describe('durationText', () => {
  it.each([
    [0, '0 s'],
    [89_000, '89 s'],
    [91_000, '2 min'],
    [119 * 60_000, '119 min'],
    [120 * 60_000, '2 h 00 min'],
    [605 * 60_000, '10 h 05 min'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(durationText(milliseconds)).toBe(text)
  })
})

it('shows steps and phases on the line that moves, and keeps what happens once', () => {
  const log: string[] = []
  const line = createTrainingLine({ note: (text) => log.push(`note ${text}`), status: (text, last) => log.push(`status ${text}${last === true ? ' (last)' : ''}`) })
  const events: readonly TrainEvent[] = [
    { kind: 'phase', phase: 'preparing', note: 'opening the run' },
    { kind: 'phase', phase: 'training', note: '' },
    step({ metrics: { step: 4000, values: {} }, imagesPerSecond: undefined, etaMs: undefined }),
    { kind: 'checkpoint', checkpoint: { step: 10, best: false, savedAt: 'now' } },
    { kind: 'checkpoint', checkpoint: { step: 20, best: true, savedAt: 'now' } },
    { kind: 'warning', warning: { step: 30, code: 'loss-rising', message: 'The loss rises.', advice: 'Lower the rate.' } },
    { kind: 'skipped', problem: { relativePath: 'a.jpg', code: 'IMG_CORRUPT', reason: 'it is no picture' } },
    { kind: 'probe', step: 40 },
  ]
  events.forEach(line.tell)
  expect(log).toEqual([
    'status opening the run',
    'status step 4000/4000 (100 %) (last)',
    'note Checkpoint of step 10.',
    'note Checkpoint of step 20, the best so far.',
    'note Step 30: The loss rises. Lower the rate.',
    'note a.jpg: IMG_CORRUPT: it is no picture',
  ])
})

it('tells the card in words', () => {
  const card: FeasibilityCard = {
    images: 1000,
    summary: { method: 'dino', architecture: 'ViT-Ti/16', patchSize: 16, backboneParameters: 5_500_000, headParameters: 1_500_000, globalSize: 128, localSize: 64, localCrops: 6, batch: 32, accumulate: 1 },
    stepsTotal: 3100,
    imagesPerSecond: 4,
    stepMs: 8000,
    peakRssBytes: 2 ** 30,
    freeMemoryBytes: 8 * 2 ** 30,
    checkpointBytes: 2 ** 29,
    freeDiskBytes: 100 * 2 ** 30,
    hours: 6.9,
    batch: 32,
    verdict: 'doubtful',
    advice: ['A thousand pictures teach their look, not the world.'],
    skipped: [{ relativePath: 'a.jpg', code: 'IMG_CORRUPT', reason: 'r' }],
  }
  expect(cardLines(card)).toEqual([
    '1000 pictures (1 cannot be read), ViT-Ti/16, 7.0 M parameters, batch 32',
    '4.00 img/s, 8 s a step, 3100 steps: 6 h 54 min',
    'memory 1.0 GB of 8.0 GB free; three checkpoints need 1.5 GB of 100.0 GB free',
    'Verdict: doubtful.',
    'A thousand pictures teach their look, not the world.',
  ])
})
