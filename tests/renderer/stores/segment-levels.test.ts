/** @file Segments from fine to coarse, and what of them lies over a picture. */
import { describe, expect, it } from 'vitest'
import { segmentsAtLevel } from '../../../src/renderer/stores/segment-levels'
import { segmentShade } from '../../../src/renderer/views/segments/segment-shade'

const segment = (id: number) => ({ id, name: `S${id}`, colour: [id, 0, 0] as const, patches: 1, pictures: 1, tightness: 1 })
const merges = [{ into: 4, from: 7, height: 1 }, { into: 2, from: 4, height: 2 }]

describe('the slider from fine to coarse', () => {
  it.each([
    [3, { 2: 2, 4: 4, 7: 7 }],
    [2, { 2: 2, 4: 4, 7: 4 }],
    [1, { 2: 2, 4: 2, 7: 2 }],
  ])('leaves %i segments', (level, into) => {
    expect(Object.fromEntries(segmentsAtLevel({ segments: [2, 4, 7].map(segment), merges }, level))).toEqual(into)
  })
})

describe('segments over a picture', () => {
  const found = { gridHeight: 1, gridWidth: 3, labels: Uint16Array.of(2, 7, 4) }
  const colours = new Map([[2, [20, 0, 0] as const], [4, [40, 0, 0] as const]])
  const into = new Map([[2, 2], [4, 4], [7, 4]])

  it('have the colour of what they have gone into', () => {
    const { pixels, points } = segmentShade(found, { colours, into, only: undefined, opacity: 1 })
    expect([[...points], [pixels[0], pixels[4], pixels[8]], pixels[3]]).toEqual([[2, 4, 4], [20, 40, 40], 140])
  })

  it('keep the shape of a grid that is wider than high, by patch and by pixel', () => {
    const labels = Uint16Array.of(2, 4, 4, 2, 4, 2, 2, 4)
    for (const wide of [{ gridHeight: 2, gridWidth: 4, labels }, { height: 2, width: 4, labels }]) {
      const { gridHeight, gridWidth, pixels, points } = segmentShade(wide, { colours, into, only: undefined, opacity: 1 })
      expect([gridHeight, gridWidth, pixels.length / 4, [...points]]).toEqual([2, 4, 8, [...labels]])
    }
  })

  it('leave the rest dark where one is looked at', () => {
    const { pixels } = segmentShade(found, { colours, into, only: 4, opacity: 1 })
    expect([[...pixels.subarray(0, 4)], [...pixels.subarray(4, 8)]]).toEqual([[0, 0, 0, 184], [40, 0, 0, 84]])
  })
})
