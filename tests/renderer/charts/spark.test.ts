/** @file Small curves: means of parts, and a path inside its box. */
import { describe, expect, it } from 'vitest'
import { sparkPath, sparkPoints } from '../../../src/renderer/charts/spark'

describe('sparkPoints', () => {
  it('averages parts and leaves out what is not finite', () => {
    expect([sparkPoints([1, 3, NaN, 5, 7], 2), sparkPoints([1, NaN], 5), sparkPoints([], 5)]).toEqual([[2, 6], [1], []])
  })
})

describe('sparkPath', () => {
  it('runs from edge to edge, the largest value at the top', () => {
    expect(sparkPath([0, 1], 10, 10, 1)).toBe('M1.0 9.0L9.0 1.0')
  })

  it('draws a constant in the middle and nothing for a single point', () => {
    expect([sparkPath([2, 2], 10, 10, 1), sparkPath([2], 10, 10)]).toEqual(['M1.0 5.0L9.0 5.0', ''])
  })
})
