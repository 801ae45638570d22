/** @file Heights of a relief: the nearest highest, a flat field flat. */
import { describe, expect, it } from 'vitest'
import { reliefHeights } from '../../src/renderer/relief'

describe('a relief', () => {
  it('lifts what is near', () => {
    expect([...reliefHeights(Float32Array.of(1, 2, 3, 5), 2, 2, 1, 1)]).toEqual([1, 0.75, 0.5, 0])
  })

  it('is flat where everything is as far, and one cell where the field is one number', () => {
    expect([...reliefHeights(new Float32Array(4).fill(2), 2, 2, 1, 1), ...reliefHeights(Float32Array.of(7), 1, 1, 1, 1)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
  })
})
