/** @file Ranges, head means, the mass threshold and interpolation on grids small enough to check by hand. */
import { describe, expect, it } from 'vitest'
import { keepTopMass, meanOverHeads, rangeOf, resampleBilinear } from '../../../src/engine/display'

describe('rangeOf', () => {
  it.each([
    ['plain values', [3, -1, 2], undefined, { min: -1, max: 3 }],
    ['only finite values', [Number.NaN, Infinity, 5, -Infinity], undefined, { min: 5, max: 5 }],
    ['only kept values', [3, -1, 2], [1, 0, 1], { min: 2, max: 3 }],
    ['nothing', [], undefined, { min: 0, max: 0 }],
  ])('takes %s', (_name, values, mask, expected) => {
    expect(rangeOf(values, mask)).toEqual(expected)
  })
})

describe('meanOverHeads', () => {
  it('averages each patch over the heads', () => {
    expect([...meanOverHeads(Float32Array.of(1, 2, 3, 5, 6, 7), 2)]).toEqual([3, 4, 5])
  })
})

describe('keepTopMass', () => {
  // Running sums of the sorted, normalised weights: 0.1, 0.3, 0.6, 1.
  const weights = [4, 1, 3, 2]
  it.each([
    [1, [1, 1, 1, 1]],
    [0.95, [1, 1, 1, 1]],
    [0.8, [1, 0, 1, 1]],
    [0.6, [1, 0, 1, 0]],
    [0.35, [1, 0, 0, 0]],
    [0, [0, 0, 0, 0]],
  ])('keeps the patches whose running sum exceeds 1 - %d', (share, expected) => {
    expect([...keepTopMass(weights, share)]).toEqual(expected)
  })

  it('keeps nothing of a field without mass unless everything was asked for', () => {
    expect([...keepTopMass([0, 0], 0.6)]).toEqual([0, 0])
    expect([...keepTopMass([0, 0], 1)]).toEqual([1, 1])
  })
})

describe('resampleBilinear', () => {
  it('returns the same field for the same size', () => {
    expect([...resampleBilinear([1, 2, 3, 4, 5, 6], 2, 3, 2, 3)]).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('interpolates between cell centres and holds the edges', () => {
    expect([...resampleBilinear([0, 4], 1, 2, 1, 4)]).toEqual([0, 1, 3, 4])
    expect([...resampleBilinear([0, 4], 2, 1, 4, 1)]).toEqual([0, 1, 3, 4])
  })

  it('keeps channels apart', () => {
    expect([...resampleBilinear([0, 10, 4, 30], 1, 2, 1, 4, 2)]).toEqual([0, 10, 1, 15, 3, 25, 4, 30])
  })
})
