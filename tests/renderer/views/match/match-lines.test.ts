/** @file Lines between patches that choose each other. */
import { describe, expect, it } from 'vitest'
import { matchLines, patchCentre } from '../../../../src/renderer/views/match/match-lines'

const grid = { gridHeight: 2, gridWidth: 4 }
const rects = { left: { x: 10, y: 20, width: 40, height: 20 }, right: { x: 110, y: 20, width: 80, height: 40 } }
const pairs = { left: Uint32Array.of(0, 5, 7), right: Uint32Array.of(3, 5, 0), cosine: Float32Array.of(0.9, 0.5, 0.25) }

describe('lines between two pictures', () => {
  it('go from the middle of a patch to the middle of its match', () => {
    const [first] = matchLines(pairs, 1, 0, { left: grid, right: grid }, rects)
    expect(first).toMatchObject({ left: 0, right: 3, from: { x: 15, y: 25 }, to: { x: 180, y: 30 } })
    expect(patchCentre(5, grid, rects.left)).toEqual({ x: 25, y: 35 })
  })

  it('are as many as are wanted, and none less similar than is wanted', () => {
    const counts = [[2, 0], [9, 0.5], [9, 0.95], [9, 0]].map(([count, least]) => matchLines(pairs, count!, least!, { left: grid, right: grid }, rects).length)
    expect(counts).toEqual([2, 2, 0, 3])
  })

  it('have the colour of where they begin', () => {
    const colours = matchLines(pairs, 3, 0, { left: grid, right: grid }, rects).map(({ colour }) => colour)
    expect(new Set(colours).size).toBe(3)
  })
})
