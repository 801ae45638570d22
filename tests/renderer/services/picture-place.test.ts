/** @file A place of a picture and the patches there in two grids. */
import { describe, expect, it } from 'vitest'
import { patchOfPlace, placeOfPatch } from '../../../src/renderer/services/picture-place'

const whole = { extent: { left: 0, top: 0, width: 1, height: 1 }, gridHeight: 2, gridWidth: 4 }
const middle = { extent: { left: 0.25, top: 0, width: 0.5, height: 1 }, gridHeight: 6, gridWidth: 6 }

describe('a place', () => {
  it('is the middle of its patch, and leads back to it', () => {
    expect(placeOfPatch(5, whole)).toEqual({ x: 0.375, y: 0.75 })
    for (const look of [whole, middle]) for (let patch = 0; patch < look.gridHeight * look.gridWidth; patch++) expect(patchOfPlace(placeOfPatch(patch, look), look)).toBe(patch)
  })

  it('is the same place in another grid, or nowhere outside of what was looked at', () => {
    expect(patchOfPlace(placeOfPatch(5, whole), middle)).toBe(4 * 6 + 1)
    expect(patchOfPlace(placeOfPatch(0, whole), middle)).toBeUndefined()
    expect(patchOfPlace({ x: 1, y: 0.5 }, whole)).toBeUndefined()
  })
})
