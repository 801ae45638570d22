import { describe, expect, it } from 'vitest'
import { clipFactor, normOf } from '../../../src/engine/optim'

describe('clipping', () => {
  it('scales what is too long down to the limit and leaves the rest', () => {
    expect([clipFactor(6, 3), clipFactor(3, 3), clipFactor(2.9, 3), clipFactor(0, 3)]).toEqual([3 / (6 + 1e-6), 3 / (3 + 1e-6), 1, 1])
  })

  it('without a limit, or with one of 0, does nothing', () => {
    expect([clipFactor(1e9, undefined), clipFactor(1e9, 0)]).toEqual([1, 1])
  })
})

it('the norm of parts is that of the whole', () => {
  expect(normOf([9, 16, 144])).toBe(13)
  expect(normOf([])).toBe(0)
})
