/** @file Several runs of the graph in one step: their gradients are averaged, then there is one update. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import type { StepFeeds, Stepper } from '../../../../src/engine/train/step'
import { goldenCases } from '../../../helpers/goldens'
import { maxDifference } from '../../../helpers/tensors'
import { feedsAt, openGoldenStepper, ratesAt, readTrainGolden, specOf } from '../../../helpers/train-golden'

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
})
afterAll(async () => {
  await runtime.dispose()
})

/** What one step from the initial weights makes of `runs`. */
async function outcome(stepper: Stepper, runs: readonly StepFeeds[], rates: Parameters<Stepper['step']>[1]) {
  const { metrics, finite } = await stepper.step(runs, rates)
  const { student, teacher, first, second, centre, updates } = stepper.state
  return { metrics, finite, first: first.data.slice(), all: [student, teacher, first, second].map(({ data }) => data.slice()), centre: centre?.data.slice(), updates: new Set(updates.values()) }
}

describe.each(goldenCases('train'))('a step of several runs, $name', ({ folder }) => {
  it('of the same crops twice is the step of these crops', async () => {
    const golden = await readTrainGolden(folder)
    const spec = specOf(golden)
    const feeds = feedsAt(golden, spec, 0)
    const rates = { ...ratesAt(golden, 0), lr: 1e-3, lastLayerLr: 1e-3 }
    const [once, twice] = [await openGoldenStepper(runtime, golden, spec), await openGoldenStepper(runtime, golden, spec)]
    const [expected, found] = [await outcome(once, [feeds], rates), await outcome(twice, [feeds, feeds], rates)]
    expect(maxDifference(Object.values(found.metrics), Object.values(expected.metrics))).toBeLessThan(1e-5)
    expect(found.all.slice(2).map((data, index) => maxDifference(data, expected.all[index + 2]!) < 1e-6)).toEqual([true, true])
    expect(maxDifference(found.centre ?? [], expected.centre ?? [])).toBeLessThan(1e-7)
    expect(found.updates).toEqual(expected.updates)
    await Promise.all([once.release(), twice.release()])
  })

  it('adds up their gradients', async () => {
    const golden = await readTrainGolden(folder)
    const spec = specOf(golden)
    const both = [feedsAt(golden, spec, 0), feedsAt(golden, spec, 1)]
    const rates = { ...ratesAt(golden, 0), lr: 0, lastLayerLr: 0, momentum: 1 }
    const stepper = await openGoldenStepper(runtime, golden, spec)
    const gradientOf = async (runs: readonly StepFeeds[]): Promise<Float32Array> => {
      await stepper.step(runs, rates)
      stepper.state.centre?.data.fill(0)
      stepper.state.centreIbot?.data.fill(0)
      return stepper.gradient!.data.slice()
    }
    const [one, other, sum] = [await gradientOf([both[0]!]), await gradientOf([both[1]!]), await gradientOf(both)]
    expect(maxDifference(sum, one.map((value, index) => value + other[index]!))).toBeLessThan(1e-6)
    await stepper.release()
  })

  it('with one run that is not finite changes nothing at all', async () => {
    const golden = await readTrainGolden(folder)
    const spec = specOf(golden)
    const good = feedsAt(golden, spec, 0)
    const { global } = good
    const data = (global!.data as Float32Array).slice()
    data[5] = NaN
    const stepper = await openGoldenStepper(runtime, golden, spec)
    const before = [stepper.state.student, stepper.state.teacher, stepper.state.first, stepper.state.second].map((flat) => flat.data.slice())
    const { finite, all, centre, updates } = await outcome(stepper, [good, { ...good, global: { ...global!, data } }], ratesAt(golden, 0))
    expect([finite, all.map((now, index) => maxDifference(now, before[index]!)), [...(centre ?? [])].every((value) => value === 0), [...updates]]).toEqual([false, [0, 0, 0, 0], true, [0]])
    await stepper.release()
  })
})
