import { describe, expect, it } from 'vitest'
import type { MetricSeries, RunInfo } from '../../../../../src/engine/contract'
import { niceTicks, smoothed, thinned } from '../../../../../src/engine/train/watch/report/chart'
import { bytesText, countText, durationText, numberText, timeText } from '../../../../../src/engine/train/watch/report/figures'
import { nextSteps } from '../../../../../src/engine/train/watch/report/next-steps'
import { momentsOf } from '../../../../../src/engine/train/watch/report/report-probes'

describe('numbers in a report', () => {
  it.each([
    [numberText(0), '0'],
    [numberText(3.14159), '3.14'],
    [numberText(-0.3806), '−0.381'],
    [numberText(5e-4), '5e−4'],
    [numberText(-1.26e-7), '−1.3e−7'],
    [numberText(12_345), '12345'],
    [numberText(NaN), '–'],
    [countText(1_234_567), '1\u202f234\u202f567'],
    [countText(123), '123'],
    [durationText(45_000), '45 s'],
    [durationText(20 * 60_000), '20 min'],
    [durationText(8.5 * 3_600_000), '8 h 30 min'],
    [durationText(75 * 3_600_000), '3 d 3 h'],
    [bytesText(84_000_000), '84 MB'],
    [bytesText(0), '0 B'],
    [timeText('2026-11-25T06:40:12.000Z'), '2026-11-25 06:40 UTC'],
    [timeText('some day'), 'some day'],
  ])('read %s', (text, expected) => {
    expect(text).toBe(expected)
  })
})

describe('a chart', () => {
  it.each([
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [-0.6, 7.4, [0, 2, 4, 6]],
    [0.26, 0.37, [0.26, 0.28, 0.3, 0.32, 0.34, 0.36]],
    [0, 2900, [0, 500, 1000, 1500, 2000, 2500]],
    [5, 5, [5]],
  ])('has round numbers between %f and %f', (low, high, expected) => {
    expect(niceTicks(low, high, 5)).toEqual(expected)
  })

  it('keeps every spike when it has too many points', () => {
    const points = Array.from({ length: 5000 }, (_, step) => ({ step, value: step === 3333 ? 50 : step === 4444 ? -50 : Math.sin(step) }))
    const thin = thinned(points)
    expect(thin.length).toBeLessThanOrEqual(520)
    expect([Math.max(...thin.map(({ value }) => value)), Math.min(...thin.map(({ value }) => value))]).toEqual([50, -50])
    expect(thin.map(({ step }) => step)).toEqual(thin.map(({ step }) => step).sort((a, b) => a - b))
  })

  it('smooths without a dip at the beginning', () => {
    const means = smoothed(Array.from({ length: 600 }, (_, step) => ({ step, value: 4 + (step % 2 === 0 ? 1 : -1) })))
    expect(means[0]?.value).toBe(5)
    expect(means.slice(60).every(({ value }) => Math.abs(value - 4) < 0.15)).toBe(true)
  })
})

describe('the moments of probe pictures', () => {
  const frames = (count: number) => Array.from({ length: count }, (_, step) => ({ step, pictures: [] }))

  it.each([
    [3, 5, [0, 1, 2]],
    [6, 5, [0, 1, 2, 3, 5]],
    [101, 5, [0, 3, 10, 32, 100]],
    [0, 5, []],
  ])('of %i are at most %i, first and last among them', (count, wanted, expected) => {
    expect(momentsOf(frames(count), wanted).map(({ step }) => step)).toEqual(expected)
  })
})

describe('what to do next', () => {
  const run = { id: 'night-1', state: 'finished', step: 100, stepsTotal: 100, images: 50_000, init: 'ViT-S', summary: { method: 'dinov2' }, warnings: [], reason: undefined } as unknown as RunInfo
  const series = (columns: Readonly<Record<string, (share: number) => number>>): MetricSeries => ({
    steps: Float64Array.from({ length: 100 }, (_, step) => step),
    columns: Object.fromEntries(Object.entries(columns).map(([name, at]) => [name, Float64Array.from({ length: 100 }, (_, step) => at(step / 100))])),
  })
  const titles = (info: Partial<RunInfo>, metrics: MetricSeries): string[] => nextSteps({ ...run, ...info }, metrics, '/runs/night-1').map(({ title }) => title)
  const settled = series({ knn: (share) => 0.5 - Math.exp(-20 * share) / 5 })

  it.each<readonly [string, Partial<RunInfo>, MetricSeries, readonly string[]]>([
    ['a good end', {}, settled, ['Look at your pictures with it', 'Use it elsewhere']],
    ['a stop', { state: 'stopped', step: 40 }, settled, ['Resume this run', 'Look at your pictures with it', 'Use it elsewhere']],
    ['a failure', { state: 'failed', step: 40, reason: 'the disk is full' }, settled, ['Find out what went wrong', 'Look at your pictures with it', 'Use it elsewhere']],
    ['curves that still move', {}, series({ knn: (share) => 0.2 + share / 5 }), ['Look at your pictures with it', 'Train longer', 'Use it elsewhere']],
    ['a peak that is past', {}, series({ knn: (share) => 0.5 - (share - 0.5) ** 2 }), ['Take the best checkpoint, not the newest', 'Look at your pictures with it', 'Use it elsewhere']],
    ['few pictures from scratch', { images: 900, init: undefined }, settled, ['Look at your pictures with it', 'Begin from pretrained weights', 'Use it elsewhere']],
    ['few pictures of a distillation', { images: 900, init: undefined, teacher: 'ViT-B' }, settled, ['Look at your pictures with it', 'Use it elsewhere']],
    ['warnings', { warnings: [{ step: 3, code: 'rank-falling', message: '', advice: '' }] }, settled, ['Change what the warnings advise', 'Look at your pictures with it', 'Use it elsewhere']],
    ['a run that measured nothing', {}, series({}), ['Look at your pictures with it', 'Use it elsewhere']],
  ])('follows from %s', (_what, info, metrics, expected) => {
    expect(titles(info, metrics)).toEqual(expected)
  })

  it('speaks of whose weights are kept', () => {
    const texts = (method: 'dinov2' | 'distill'): string => nextSteps({ ...run, summary: { ...run.summary, method } }, settled, '/runs/night-1').map(({ text }) => text).join(' ')
    expect([texts('dinov2').includes('with its teacher”'), texts('distill').includes('with its student”'), texts('distill').includes('the student is one ONNX file')]).toEqual([true, true, true])
  })

  it('is said in commands that find the run wherever it lies', () => {
    const commands = (folder: string): (string | undefined)[] => nextSteps({ ...run, state: 'stopped', step: 40 }, settled, folder).map(({ command }) => command)
    expect(commands('/runs/night-1')).toEqual(['dinoscope train --out /runs/night-1 --resume', 'dinoscope inspect PICTURE --model /runs/night-1 --out FOLDER', 'dinoscope export /runs/night-1 --to backbone.onnx'])
    expect(commands('/my runs/1')[0]).toBe('dinoscope train --out "/my runs/1" --resume')
  })
})
