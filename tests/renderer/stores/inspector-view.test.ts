/** @file What is looked at carries over to the next analysis where it makes sense. */
import { describe, expect, it } from 'vitest'
import type { Analysis } from '../../../src/engine/contract'
import { initialView, layerIndex, neighbourPatch, remapPatch, salientPatch, viewFor } from '../../../src/renderer/stores/inspector-view'

const grid = (gridHeight: number, gridWidth: number) => ({ gridHeight, gridWidth })

function analysisOf(changes: Partial<Analysis> = {}): Analysis {
  const heads = changes.heads ?? 2
  const patches = (changes.gridHeight ?? 2) * (changes.gridWidth ?? 3)
  // The last patch but one draws the most attention.
  const weights = Float32Array.from({ length: heads * patches }, (_, index) => (index % patches === patches - 2 ? 0.5 : 0.1))
  return {
    imageId: 'i',
    layers: 12,
    heads,
    gridHeight: 2,
    gridWidth: 3,
    attention: { layer: 11, query: 'cls', heads, weights, patchShare: new Float32Array(heads) },
    ...changes,
  } as Analysis
}

describe('neighbourPatch', () => {
  it.each([
    [4, 1, 0, 5],
    [4, -1, 0, 3],
    [4, 0, -1, 1],
    [5, 1, 0, 5],
    [4, 0, 1, 4],
    [0, -1, -1, 0],
  ])('from %d by (%d, %d) is %d', (patch, dx, dy, expected) => {
    expect(neighbourPatch(patch, dx, dy, grid(2, 3))).toBe(expected)
  })
})

describe('remapPatch', () => {
  it.each([
    ['the same grid', 4, grid(2, 3), grid(2, 3), 4],
    ['twice the grid: the cell that holds the centre', 4, grid(2, 3), grid(4, 6), 3 * 6 + 3],
    ['half the grid', 3 * 6 + 5, grid(4, 6), grid(2, 3), 5],
    ['a single cell', 17, grid(4, 6), grid(1, 1), 0],
  ])('to %s', (_name, patch, from, to, expected) => {
    expect(remapPatch(patch, from, to)).toBe(expected)
  })
})

describe('salientPatch', () => {
  it('is where the heads look most', () => {
    expect(salientPatch(analysisOf())).toBe(4)
  })
})

describe('viewFor', () => {
  const view = { ...initialView, head: 5, layer: 20, query: 4, patch: 1 } as const

  it('falls back where the next model has fewer heads or layers', () => {
    expect(viewFor(view, undefined, analysisOf())).toEqual({ ...view, head: 'mean', layer: 'last', query: 'cls', patch: 4 })
  })

  it('keeps heads and layers that exist', () => {
    expect(viewFor({ ...view, head: 1, layer: 3 }, undefined, analysisOf())).toMatchObject({ head: 1, layer: 3 })
  })

  it('keeps the place of the patches in the same picture at another size', () => {
    expect(viewFor(view, analysisOf(), analysisOf({ gridHeight: 4, gridWidth: 6 }))).toMatchObject({ query: 21, patch: 9 })
  })

  it('starts anew in another picture', () => {
    expect(viewFor(view, analysisOf(), analysisOf({ imageId: 'j' }))).toMatchObject({ query: 'cls', patch: 4 })
  })
})

describe('layerIndex', () => {
  it('is the last block unless one was chosen', () => {
    expect([layerIndex(initialView, analysisOf()), layerIndex({ ...initialView, layer: 0 }, analysisOf())]).toEqual([11, 0])
  })
})
