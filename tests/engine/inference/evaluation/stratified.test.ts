import { describe, expect, it } from 'vitest'
import { stratifiedParts } from '../../../../src/engine/inference'

describe('parts of every class', () => {
  it('are a fifth each, spread over the rows, and what is left is the rest', () => {
    const labels = Int32Array.from({ length: 40 }, (_, row) => (row < 30 ? 0 : 1))
    const { rest, apart } = stratifiedParts(labels, 2, 5)
    expect([...apart]).toEqual([4, 9, 14, 19, 24, 29, 34, 39])
    expect([...rest, ...apart].sort((a, b) => a - b)).toEqual([...labels.keys()])
  })

  it('are one of a class of two, none of a class of one, and the same every time', () => {
    const labels = Int32Array.of(0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3)
    const { apart } = stratifiedParts(labels, 4, 5)
    const counts = [0, 1, 2, 3].map((label) => apart.filter((row) => labels[row] === label).length)
    expect(counts).toEqual([0, 1, 1, 2])
    expect(stratifiedParts(labels, 4, 5).apart).toEqual(apart)
  })
})
