import { describe, expect, it } from 'vitest'
import type { ParameterGroup } from '../../../../src/engine/optim'
import { clipFactors, ratesOf, submoduleNorms, type StepRates, type UpdateOptions } from '../../../../src/engine/train/step'

const group = (changes: Partial<ParameterGroup> = {}): ParameterGroup => ({ lrMultiplier: 1, weightDecayMultiplier: 1, lastLayer: false, submodule: 'backbone', trainable: true, ...changes })
const squares = new Map([['a', 9], ['b', 16], ['head', 144]])
const groupOf = (name: string): ParameterGroup => group({ submodule: name === 'head' ? 'dino_head' : 'backbone' })
const options = (clip: UpdateOptions['clip']): UpdateOptions => ({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip, centreMomentum: 0.9, groupOf })
const factors = (clip: UpdateOptions['clip']): number[] => [...squares.keys()].map(clipFactors(squares, options(clip)))

describe('gradients are clipped', () => {
  it('each parameter by itself in DINO', () => {
    expect(factors({ limit: 3.5, per: 'parameter' })).toEqual([1, 3.5 / (4 + 1e-6), 3.5 / (12 + 1e-6)])
  })

  it('each network inside the student as one in DINOv2', () => {
    expect(factors({ limit: 6, per: 'submodule' })).toEqual([1, 1, 6 / (12 + 1e-6)])
    expect(factors({ limit: 3, per: 'submodule' })).toEqual([3 / (5 + 1e-6), 3 / (5 + 1e-6), 3 / (12 + 1e-6)])
  })

  it('not at all without a limit', () => {
    expect(factors(undefined)).toEqual([1, 1, 1])
  })
})

it('norms are told by submodule', () => {
  expect([...submoduleNorms(squares, groupOf)]).toEqual([['backbone', 5], ['dino_head', 12]])
})

describe('rate and decay of a parameter', () => {
  const rates: StepRates = { lr: 0.1, lastLayerLr: 0, weightDecay: 0.4, momentum: 0.99, teacherTemperature: 0.04, lastLayerFrozen: false }

  it('have its multipliers', () => {
    expect(ratesOf(group({ lrMultiplier: 0.5, weightDecayMultiplier: 0 }), rates)).toEqual({ lr: 0.05, weightDecay: 0 })
  })

  it('of the prototypes: DINOv2 holds them at a rate of 0, DINO leaves them out', () => {
    expect(ratesOf(group({ lastLayer: true }), rates)).toEqual({ lr: 0, weightDecay: 0.4 })
    expect(ratesOf(group({ lastLayer: true }), { ...rates, lastLayerFrozen: true })).toBeUndefined()
    expect(ratesOf(group(), { ...rates, lastLayerFrozen: true })).toEqual({ lr: 0.1, weightDecay: 0.4 })
  })

  it('are none where nothing is learned', () => {
    expect(ratesOf(group({ trainable: false }), rates)).toBeUndefined()
  })
})
