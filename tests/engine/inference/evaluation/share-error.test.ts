import { describe, expect, it } from 'vitest'
import { binomialError, shareError } from '../../../../src/engine/inference'

describe('the error of a share', () => {
  it('is the binomial one among many, and not nothing where all of a few are right', () => {
    expect(binomialError(6650, 10_000)).toBeCloseTo(Math.sqrt((0.665 * 0.335) / 10_000), 5)
    // 6 of 8.
    expect(binomialError(4, 4)).toBeCloseTo(Math.sqrt((0.75 * 0.25) / 8), 12)
  })

  it('is that of the values with two zeros and two ones among them', () => {
    const values = [0.2, 0.9, 0.4]
    const all = [...values, 0, 0, 1, 1]
    const mean = all.reduce((sum, value) => sum + value, 0) / 7
    const variance = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 7
    expect(shareError(1.5, 0.04 + 0.81 + 0.16, 3)).toBeCloseTo(Math.sqrt(variance / 7), 12)
  })
})
