/** @file The overlay shows the numbers of the chosen mode, head and threshold, and its pixels follow them. */
import { describe, expect, it } from 'vitest'
import type { Analysis } from '../../../src/engine/contract'
import { applyColourMap } from '../../../src/engine/display'
import type { ReadyAnalysis } from '../../../src/renderer/stores/inspector-reducer'
import { initialView } from '../../../src/renderer/stores/inspector-view'
import { bestMatches, fieldHash, headWeights, renderField, shownField, type ShownField } from '../../../src/renderer/stores/shown-field'

const attention = { layer: 0, query: 'cls', heads: 2, weights: Float32Array.of(4, 1, 3, 2, 0, 1, 1, 8), patchShare: Float32Array.of(1, 1) } as const
const analysis = {
  gridHeight: 2,
  gridWidth: 2,
  attention,
  pca: { rgb: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9), foreground: Uint8Array.of(1, 1, 0, 1), explained: [0.5, 0.2, 0.1], note: '' },
} as unknown as Analysis
const ready = { phase: 'ready', analysis, attention, similarity: undefined, detailProblem: undefined } as unknown as ReadyAnalysis
const options = { sharedRange: false, foregroundOnly: true }
const grid = { gridHeight: 2, gridWidth: 2 }

describe('headWeights', () => {
  it('is one head or the mean', () => {
    expect([...headWeights(attention, 1)]).toEqual([0, 1, 1, 8])
    expect([...headWeights(attention, 'mean')]).toEqual([2, 1, 2, 5])
  })
})

describe('shownField', () => {
  it('of attention has the range of its head, or of all heads', () => {
    const view = { ...initialView, head: 0 } as const
    const field = { kind: 'scalar', quantity: 'attention', values: Float32Array.of(4, 1, 3, 2), mask: undefined, ...grid }
    expect(shownField(ready, view, options)).toEqual({ ...field, range: { min: 1, max: 4 } })
    expect(shownField(ready, view, { ...options, sharedRange: true })).toEqual({ ...field, range: { min: 0, max: 8 } })
  })

  it('of attention under a threshold masks what falls away', () => {
    expect(shownField(ready, { ...initialView, head: 0, mass: 0.6 }, options)?.mask).toEqual(Uint8Array.of(1, 0, 1, 0))
  })

  it('of PCA is the colours, with the background masked or not', () => {
    const view = { ...initialView, mode: 'pca' } as const
    expect(shownField(ready, view, options)).toEqual({ kind: 'colour', rgb: analysis.pca.rgb, mask: analysis.pca.foreground, ...grid })
    expect(shownField(ready, view, { ...options, foregroundOnly: false })?.mask).toBeUndefined()
  })

  it('of similarity is nothing until the cosines are there', () => {
    const view = { ...initialView, mode: 'similarity' } as const
    const cosine = Float32Array.of(1, 0.5, 0.25, -0.5)
    expect(shownField(ready, view, options)).toBeUndefined()
    expect(shownField({ ...ready, similarity: { patch: 0, cosine } }, view, options)).toEqual({
      kind: 'scalar', quantity: 'cosine', values: cosine, range: { min: -0.5, max: 1 }, mask: undefined, ...grid,
    })
  })
})

describe('renderField', () => {
  const scalar: ShownField = { kind: 'scalar', quantity: 'attention', values: Float32Array.of(0, 1, 2, 3), range: { min: 0, max: 3 }, mask: Uint8Array.of(1, 0, 1, 1), ...grid }

  it('draws one pixel per patch, transparent where masked', () => {
    const expected = applyColourMap(scalar.values, 0, 3, 'viridis')
    expected[7] = 0
    expect(renderField(scalar, 'viridis', false)).toEqual({ rgba: expected, height: 2, width: 2 })
  })

  it('interpolates to a larger picture whose corners are the patches', () => {
    const { rgba, height, width } = renderField({ ...scalar, mask: undefined }, 'grey', true)
    expect([height, width]).toEqual([448, 448])
    expect([rgba[0], rgba[(width - 1) * 4], rgba[(height - 1) * width * 4], rgba[rgba.length - 4]]).toEqual([0, 85, 170, 255])
  })

  it('draws colours as they are', () => {
    const { rgba } = renderField({ kind: 'colour', rgb: analysis.pca.rgb, mask: analysis.pca.foreground, ...grid }, 'grey', false)
    expect([...rgba]).toEqual([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 0, 9, 9, 9, 255])
  })
})

describe('fieldHash', () => {
  it('is the same for the same field and another for another value or mask', () => {
    const field: ShownField = { kind: 'scalar', quantity: 'cosine', values: Float32Array.of(0, 1), range: { min: 0, max: 1 }, mask: undefined, gridHeight: 1, gridWidth: 2 }
    const hashes = [field, { ...field, values: Float32Array.of(0, 1) }, { ...field, values: Float32Array.of(0, 0.999) }, { ...field, mask: Uint8Array.of(1, 0) }].map(fieldHash)
    expect(hashes[1]).toBe(hashes[0])
    expect(new Set(hashes).size).toBe(3)
  })
})

describe('bestMatches', () => {
  it('leaves out the patch itself and everything that touches it or a better match', () => {
    // A row of eight: the query at 0; 2 beats its neighbour 3; 5 and 7 stand alone.
    expect(bestMatches(Float32Array.of(1, 0.99, 0.9, 0.89, 0.1, 0.7, 0.2, 0.6), 0, 8, 9)).toEqual([2, 5, 7])
  })

  it('counts rows and columns, not the distance in memory', () => {
    // 4 columns: patch 3 ends the first row, patch 4 begins the second.
    expect(bestMatches(Float32Array.of(0, 0, 0, 1, 0.9, 0, 0, 0.8), 3, 4, 1)).toEqual([4])
  })

  it('gives no more than asked for', () => {
    expect(bestMatches(Float32Array.of(1, 0, 0.9, 0, 0.8, 0, 0.7), 0, 7, 2)).toEqual([2, 4])
  })
})
