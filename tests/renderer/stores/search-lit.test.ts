/** @file Light falls on what matches, in the part of the picture that was embedded. */
import { describe, expect, it } from 'vitest'
import { bestPatch, seenShare, shadeOf, shadePixels } from '../../../src/renderer/stores/search-lit'

const evaluation = { shortEdge: 256, crop: 224 }

describe('seenShare', () => {
  it('is the middle 224 of a short edge of 256, however the picture is shown', () => {
    expect([
      seenShare({ width: 400, height: 200 }, 'cover', evaluation), seenShare({ width: 400, height: 200 }, 'contain', evaluation), seenShare({ width: 200, height: 400 }, 'contain', evaluation), seenShare(undefined, 'contain', evaluation),
    ]).toEqual([0.875, 0.4375, 0.4375, 0.875])
  })
})

describe('shadeOf', () => {
  it('is none at the best of all, most at the average of the picture and below, and grows between', () => {
    const [low, match, high, rest] = shadeOf({ cosine: Float32Array.of(0, 0.9, 0.6, 0.1) }, 0.9)
    expect(match).toBeCloseTo(0, 6)
    expect([low, rest]).toEqual([low, low])
    expect(low).toBeCloseTo(0.62, 6)
    expect(high).toBeGreaterThan(0)
    expect(high).toBeLessThan(low ?? 0)
  })

  it('lights nothing fully in a picture that matches less than the best', () => {
    const shades = shadeOf({ cosine: Float32Array.of(0.1, 0.5, 0.1, 0.1) }, 0.9)
    expect(Math.min(...shades)).toBeGreaterThan(0.3)
  })

  it('is even where all patches are alike', () => {
    expect(new Set(shadeOf({ cosine: new Float32Array(4).fill(0.2) }, 0.2)).size).toBe(1)
  })

  it('becomes black pixels that are more or less opaque', () => {
    const pixels = shadePixels({ cosine: Float32Array.of(0, 1) }, 1)
    expect([...pixels]).toEqual([0, 0, 0, 158, 0, 0, 0, 0])
  })
})

describe('bestPatch', () => {
  it('is the first of the most similar', () => {
    expect(bestPatch({ cosine: Float32Array.of(0.1, 0.7, 0.3, 0.7) })).toBe(1)
  })
})
