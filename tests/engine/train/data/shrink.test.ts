/** @file How large pictures are decoded for the crops of a recipe. */
import { describe, expect, it } from 'vitest'
import { decodedSize, neededEdge } from '../../../../src/engine/train/data/shrink'
import { cropRecipe } from './support'

describe('the decoded size', () => {
  it('needs what the most enlarging crop needs', () => {
    const groups = [
      { size: 224, crops: [cropRecipe(224, [0.4, 1])] },
      { size: 96, crops: [cropRecipe(96, [0.05, 0.4])] },
    ]
    expect(neededEdge(groups)).toBeCloseTo(96 / Math.sqrt(0.05), 10)
  })

  it.each([
    { name: 'a small picture stays', picture: { width: 500, height: 400 }, expected: undefined },
    { name: 'up to 2.5 times what is needed nothing is shrunk', picture: { width: 4000, height: 1000 }, expected: undefined },
    { name: 'a photo is shrunk by its short edge', picture: { width: 6000, height: 4000 }, expected: { width: 1200, height: 800 } },
    { name: 'upright likewise', picture: { width: 4000, height: 6000 }, expected: { width: 800, height: 1200 } },
    { name: 'a panorama stays while its short edge is short', picture: { width: 60_000, height: 900 }, expected: undefined },
  ])('$name', ({ picture, expected }) => {
    expect(decodedSize(picture, 400)).toEqual(expected)
  })
})
