/** @file What is shown around a typical patch: the patch in the middle, moved aside where the picture ends. */
import { describe, expect, it } from 'vitest'
import { patchCrop } from '../../../../src/renderer/views/segments/patch-crop'

describe('patchCrop', () => {
  it.each([
    ['the middle', { patch: 8 * 16 + 5, gridHeight: 16, gridWidth: 16 }, { left: 3, top: 6, edge: 5, x: 2, y: 2 }],
    ['a corner', { patch: 0, gridHeight: 16, gridWidth: 16 }, { left: 0, top: 0, edge: 5, x: 0, y: 0 }],
    ['the last patch of a wide grid', { patch: 8 * 20 - 1, gridHeight: 8, gridWidth: 20 }, { left: 15, top: 3, edge: 5, x: 4, y: 4 }],
    ['a grid smaller than the square', { patch: 7, gridHeight: 2, gridWidth: 4 }, { left: 2, top: 0, edge: 2, x: 1, y: 1 }],
  ])('at %s', (_where, place, crop) => {
    expect(patchCrop(place, 2)).toEqual(crop)
  })
})
