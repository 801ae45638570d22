import { describe, expect, it } from 'vitest'
import type { TrainWarning } from '../../../../src/engine/contract'
import { randomStream } from '../../../../src/engine/tensor'
import { guard, guardStart, type GuardObservation, type GuardState } from '../../../../src/engine/train/watch/collapse-guard'

const prototypes = 4096
const logK = Math.log(prototypes)
const options = { warmupSteps: 300 }

/** Features are measured at every 20th step. */
const measured = (step: number): boolean => step % 20 === 0

/** A run of `length` steps; `at` tells what each looks like, with noise of a real one on top. */
function observe(length: number, at: (step: number) => Partial<GuardObservation>, state: GuardState = guardStart, first = 0): { readonly state: GuardState; readonly warnings: readonly TrainWarning[] } {
  const random = randomStream(5, first)
  const warnings: TrainWarning[] = []
  let current = state
  for (let step = first; step < first + length; step++) {
    const seen = { step, lossFinite: true, prototypes, ...at(step) }
    const noise = 1 + 0.02 * random.normal()
    const { teacherEntropy = 0, teacherKl = 0 } = seen
    const next = guard(current, { loss: (teacherEntropy + teacherKl) * noise, ...seen }, options)
    warnings.push(...next.warnings)
    current = next.state
  }
  return { state: current, warnings }
}

/** Entropy falls as the teacher sharpens, KL rises and slowly falls, rank grows. */
const healthy = (step: number): Partial<GuardObservation> => ({
  teacherEntropy: logK * (0.35 + 0.6 * Math.exp(-step / 400)),
  teacherKl: 0.4 + 1.2 * Math.exp(-step / 2000) * (1 - Math.exp(-step / 100)),
  ...(measured(step) ? { effectiveRank: 8 + 40 * (1 - Math.exp(-step / 1500)), featureStdRatio: 0.3 + 0.3 * (1 - Math.exp(-step / 1000)), largestShare: 0.5, centreNorm: 2 } : {}),
})
const told = (warnings: readonly TrainWarning[]): (readonly [string, number])[] => warnings.map(({ code, step }) => [code, step])

describe('the collapse guard', () => {
  it.each<readonly [string, (step: number) => Partial<GuardObservation>]>([
    ['a healthy run', healthy],
    ['a teacher whose temperature rises by recipe, which raises the loss but not KL', (step) => ({ ...healthy(step), teacherEntropy: logK * (step < 1000 ? 0.4 : Math.min(0.7, 0.4 + (step - 1000) / 4000)) })],
    ['a start that looks collapsed until the end of the warm-up', (step) => (step < 300 ? { teacherEntropy: logK, teacherKl: 1e-4, featureStdRatio: 0.001, largestShare: 0.99, effectiveRank: 1 } : healthy(step))],
    ['a plateau at log K that the student does not reach', (step) => ({ ...healthy(step), teacherEntropy: 0.99 * logK, teacherKl: 0.4 })],
    ['a sure teacher that the student cannot foresee', (step) => ({ ...healthy(step), teacherEntropy: 0.01 * logK, teacherKl: 1 })],
    ['single bad steps', (step) => ({ ...healthy(step), ...(step % 97 === 0 ? { teacherEntropy: logK, teacherKl: 0 } : {}) })],
    ['a rank that dips for a moment', (step) => ({ ...healthy(step), ...(measured(step) ? { effectiveRank: step === 2000 ? 5 : 40 } : {}) })],
    ['a rank that falls during the warm-up and grows again', (step) => ({ ...healthy(step), ...(measured(step) ? { effectiveRank: step < 200 ? 120 : 12 + step / 200 } : {}) })],
    ['a run that measures only the loss', (step) => ({ loss: 5 + Math.exp(-step / 500) })],
  ])('lets %s be', (_what, at) => {
    expect(observe(4000, at).warnings).toEqual([])
  })

  it.each<readonly [string, (step: number) => Partial<GuardObservation>, string, RegExp, RegExp]>([
    ['output that becomes uniform', () => ({ teacherEntropy: 0.999 * logK, teacherKl: 0.001 }), 'uniform-output', /even spread over all 4096 prototypes/, /teacher temperature/],
    ['features that become the same', (step) => ({ ...healthy(step), ...(measured(step) ? { featureStdRatio: 0.004 } : {}) }), 'uniform-output', /features of different pictures are all but the same/, /learning rate/],
    ['one prototype that takes all', () => ({ teacherEntropy: 0.001 * logK, teacherKl: 0.002, centreNorm: 31.4159 }), 'dominant-dimension', /One of the 4096 prototypes .* centre norm 31.4/, /Centring is too weak/],
    ['one direction that holds all features', (step) => ({ ...healthy(step), ...(measured(step) ? { largestShare: 0.97, effectiveRank: 30 } : {}) }), 'dominant-dimension', /one direction, which holds 9\d\.\d % /, /KoLeo/],
    ['a rank that falls', (step) => ({ ...healthy(step), ...(measured(step) ? { effectiveRank: 30 - 28 * (1 - Math.exp(-(step - 2000) / 300)) } : {}) }), 'rank-falling', /fallen to .* from (2|3)/, /best checkpoint/],
    ['a loss that rises', (step) => ({ ...healthy(step), teacherKl: 0.9 + (step - 2000) / 500 }), 'loss-rising', /risen to .* and stays there/, /learning rate/],
  ])('names %s within two hundred steps or a few measurements, once, and says what to change', (_what, ill, code, message, advice) => {
    const before = observe(2000, healthy)
    const after = observe(2000, ill, before.state, 2000)
    expect(before.warnings).toEqual([])
    expect(after.warnings.map((warning) => warning.code)).toEqual([code])
    expect(after.warnings[0]).toMatchObject({ message: expect.stringMatching(message), advice: expect.stringMatching(advice) })
    expect(after.warnings[0]!.step).toBeLessThan(2900)
  })

  it('warns again only after recovery', () => {
    const ill = (): Partial<GuardObservation> => ({ teacherEntropy: 0.999 * logK, teacherKl: 0.001 })
    const at = (step: number): Partial<GuardObservation> => (step >= 3000 && step < 4000 ? healthy(step) : step >= 1000 ? ill() : healthy(step))
    const { warnings } = observe(5000, at)
    expect(told(warnings)).toEqual([
      ['uniform-output', expect.any(Number)],
      ['uniform-output', expect.any(Number)],
    ])
    expect(warnings.map(({ step }) => Math.floor(step / 1000))).toEqual([1, 4])
  })

  it('does not warn again when it hovers at the border', () => {
    const at = (step: number): Partial<GuardObservation> => (step < 1000 ? healthy(step) : { teacherEntropy: logK * (0.97 + 0.02 * Math.sin(step / 200)), teacherKl: 0.01 })
    expect(observe(8000, at).warnings).toHaveLength(1)
  })

  it('tells a loss that is no number at once, even during the warm-up, and learns nothing from it', () => {
    const { state } = observe(10, healthy)
    const first = guard(state, { step: 10, lossFinite: false, loss: NaN, prototypes }, options)
    const second = guard(first.state, { step: 11, lossFinite: false, loss: Infinity, prototypes }, options)
    expect([told(first.warnings), told(second.warnings)]).toEqual([[['non-finite-loss', 10]], []])
    expect(second.state).toEqual({ ...state, nonFinite: true })
  })

  it('goes on from its state as JSON exactly as if nothing had been', () => {
    const straight = observe(1500, healthy)
    const half = observe(700, healthy)
    const copy = JSON.parse(JSON.stringify(half.state)) as GuardState
    const next = { step: 700, lossFinite: true, loss: 4, prototypes, ...healthy(700) }
    expect(guard(copy, next, options)).toEqual(guard(half.state, next, options))
    expect(straight.warnings).toEqual([])
  })
})
