import { describe, expect, it } from 'vitest'
import { cosineSchedule, cosineValue, linspaceAt, scaledLearningRate, temperatureAt } from '../../../src/engine/optim'
import { thrownBy } from '../../helpers/thrown'

// n = 1251 steps an epoch, 100 epochs, batch 512. Source: the published values of the official schedulers.
const stepsTotal = 125_100
const lr = cosineSchedule(scaledLearningRate('linear_wrt_256', 0.0005, 512), 1e-6, stepsTotal, 12_510)

describe('the schedules have the official golden values', () => {
  it('of the learning rate: 0, the first step, both ends of the warmup, the middle', () => {
    expect(cosineValue(lr, 0)).toBe(0)
    expect(cosineValue(lr, 1)).toBeCloseTo(7.994e-8, 11)
    expect([cosineValue(lr, 12_509), cosineValue(lr, 12_510)]).toEqual([1e-3, 1e-3])
    expect(cosineValue(lr, 62_550)).toBeCloseTo(5.87237e-4, 9)
  })

  it('of momentum and weight decay, which have no warmup', () => {
    expect(cosineValue(cosineSchedule(0.996, 1, stepsTotal), 62_550)).toBeCloseTo(0.998, 14)
    expect(cosineValue(cosineSchedule(0.04, 0.4, stepsTotal), 62_550)).toBeCloseTo(0.22, 14)
  })

  it('of the teacher temperature, epoch by epoch', () => {
    const temperature = { start: 0.04, final: 0.07, warmup: 30 }
    const at = [0, 1, 28, 29, 30, 99].map((epoch) => Number(temperatureAt(temperature, epoch).toFixed(6)))
    expect(at).toEqual([0.04, 0.041034, 0.068966, 0.07, 0.07, 0.07])
    expect(temperatureAt({ start: 0.04, final: 0.07, warmup: 0 }, 0)).toBe(0.07)
  })

  it('of the scaling rules', () => {
    expect(scaledLearningRate('linear_wrt_256', 0.0005, 1024)).toBe(0.002)
    expect(scaledLearningRate('sqrt_wrt_1024', 0.004, 64 * 32)).toBeCloseTo(5.657e-3, 6)
    expect(scaledLearningRate('sqrt_wrt_1024', 2e-4, 3072)).toBeCloseTo(3.46e-4, 6)
    expect(scaledLearningRate('none', 3e-4, 7)).toBe(3e-4)
  })
})

describe('a cosine schedule', () => {
  it('never reaches its final value before its end, and keeps it after', () => {
    expect(cosineValue(lr, stepsTotal - 1)).toBeGreaterThan(1e-6)
    expect([cosineValue(lr, stepsTotal), cosineValue(lr, stepsTotal + 1e6)]).toEqual([1e-6, 1e-6])
  })

  it('may be all warmup', () => {
    const rising = cosineSchedule(1, 0, 5, 5)
    expect([0, 1, 2, 3, 4, 5].map((step) => cosineValue(rising, step))).toEqual([0, 0.25, 0.5, 0.75, 1, 0])
  })

  it('refuses a warmup longer than itself', async () => {
    expect(await thrownBy(() => cosineSchedule(1, 0, 10, 11))).toMatchObject({ code: 'RECIPE', message: 'a warmup of 11 steps is longer than the schedule of 10' })
  })
})

describe('evenly spaced numbers', () => {
  it('are those of numpy at the ends and where there is but one', () => {
    expect([linspaceAt(0.04, 0.07, 1, 0), linspaceAt(0.1, 0.7, 7, 0), linspaceAt(0.1, 0.7, 7, 6)]).toEqual([0.04, 0.1, 0.7])
  })
})
