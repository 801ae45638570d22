/** @file What lies over a picture whose patches are named, over one beside a cloud of patches, and over labels of any kind. */
import { describe, expect, it } from 'vitest'
import { labelColour } from '../../../../src/engine/display'
import { pointState } from '../../../../src/renderer/point-cloud'
import { labelField } from '../../../../src/renderer/stores/label-field'
import { labelShade } from '../../../../src/renderer/views/labels/label-shade'
import { patchShade, patchUnder } from '../../../../src/renderer/views/map/patch-shade'

describe('predicted and named patches', () => {
  it('are stronger the surer they are, strongest where a person named them, and nothing where there is no class', () => {
    const classes = [{ id: 4, name: 'weed', colour: [10, 20, 30], pictures: 0, patches: 0 }] as const
    const found = { gridHeight: 2, gridWidth: 2, labels: Uint8Array.of(4, 4, 255, 4), confidence: Float32Array.of(1, 0, 0, 0), named: Uint8Array.of(255, 255, 255, 4) }
    const { pixels, points, gridHeight, gridWidth } = labelShade(found, classes)
    expect({ grid: [gridHeight, gridWidth], points: [...points], colour: [...pixels.subarray(0, 3)], alpha: [pixels[3], pixels[7], pixels[11], pixels[15]] }).toEqual({
      grid: [2, 2],
      points: [0, 1, 2, 3],
      colour: [10, 20, 30],
      alpha: [140, 31, 0, 217],
    })
  })
})

describe('a picture beside a cloud', () => {
  const tints = Uint8Array.of(1, 2, 3, pointState.selected, 4, 5, 6, pointState.dimmed, 7, 8, 9, 0)

  it('shows points where their patches lie: chosen ones light, others dark, those left out grey', () => {
    const { pixels, points } = patchShade(Uint32Array.of(0, 1), Uint32Array.of(3, 0, 1), tints, 2)
    expect({ points: [...points], chosen: [...pixels.subarray(12, 15)], dark: [...pixels.subarray(0, 3)], alpha: [pixels[3], pixels[7], pixels[15]] }).toEqual({
      points: [1, -1, -1, 0],
      chosen: [1, 2, 3],
      dark: [0, 0, 0],
      alpha: [168, 76, 64],
    })
  })

  it('leaves out a patch that its grid does not have', () => {
    expect([...patchShade(Uint32Array.of(0), Uint32Array.of(9), tints, 2).points]).toEqual([-1, -1, -1, -1])
  })

  it('knows the patch under the pointer, and none outside', () => {
    const square = { gridHeight: 4, gridWidth: 4 }
    expect([patchUnder(0.99, 0.01, square), patchUnder(0, 0.5, square), patchUnder(-0.01, 0.5, square), patchUnder(0.5, 1, square)]).toEqual([3, 8, undefined, undefined])
    const wide = { gridHeight: 2, gridWidth: 4 }
    expect([patchUnder(0.99, 0.01, wide), patchUnder(0, 0.5, wide), patchUnder(0.6, 0.99, wide)]).toEqual([3, 4, 6])
  })
})

describe('labels as a field', () => {
  it('have the colours of their numbers, and nothing where there is none', () => {
    const field = labelField(Uint8Array.of(2, 255), { gridHeight: 1, gridWidth: 2 }, 255)
    expect(field).toEqual({ kind: 'colour', gridHeight: 1, gridWidth: 2, rgb: Uint8Array.of(...labelColour(2), 0, 0, 0), mask: Uint8Array.of(1, 0) })
  })
})
