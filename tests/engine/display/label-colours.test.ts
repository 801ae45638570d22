/** @file Colours of numbered things. */
import { describe, expect, it } from 'vitest'
import { labelColour } from '../../../src/engine/display'

describe('labelColour', () => {
  it('keeps any two of the first twenty apart', () => {
    const colours = Array.from({ length: 20 }, (_, number) => labelColour(number))
    const distances = colours.flatMap((a, index) => colours.slice(index + 1).map((b) => Math.hypot(...a.map((value, channel) => value - b[channel]!))))
    expect(Math.min(...distances)).toBeGreaterThan(24)
  })

  it('gives bytes, the same each time', () => {
    expect(labelColour(1000)).toEqual(labelColour(1000))
    expect(Array.from({ length: 300 }, (_, number) => labelColour(number)).flat().every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true)
  })
})
