/** @file Objects found on a coarser grid than they are told on, and pictures that have none. */
import { describe, expect, it } from 'vitest'
import { coarserFeatures, coarserGrid, isOneColour, onFinerGrid } from '../../../../src/engine/dense'

describe('a coarser grid', () => {
  it.each([
    [{ height: 64, width: 64 }, { height: 64, width: 64 }],
    [{ height: 128, width: 128 }, { height: 64, width: 64 }],
    [{ height: 80, width: 809 }, { height: 20, width: 203 }],
    [{ height: 1, width: 65_536 }, { height: 1, width: 4096 }],
    [{ height: 65_536, width: 1 }, { height: 4096, width: 1 }],
    [{ height: 2, width: 32_768 }, { height: 1, width: 4096 }],
  ])('of %j is %j', (grid, coarse) => {
    expect(coarserGrid(grid)).toEqual(coarse)
  })

  it('has the mean keys of the patches it covers', () => {
    const features = { keys: Float32Array.from({ length: 16 }, (_, index) => index), dim: 1, grid: { height: 4, width: 4 } }
    expect(coarserFeatures(features, 4)).toEqual({ keys: Float32Array.of(2.5, 4.5, 10.5, 12.5), dim: 1, grid: { height: 2, width: 2 } })
    expect(coarserFeatures(features, 16)).toBe(features)
  })

  it('gives the finer one its mask, box, field and seed, and says so', () => {
    const found = { method: 'lost', mask: Uint8Array.of(0, 1), field: Float32Array.of(-2, 3), box: [1, 0, 1, 1], seed: 1, note: 'Found' } as const
    expect(onFinerGrid(found, { height: 1, width: 2 }, { height: 2, width: 4 })).toEqual({
      method: 'lost',
      mask: Uint8Array.of(0, 0, 1, 1, 0, 0, 1, 1),
      field: Float32Array.of(-2, -2, 3, 3, -2, -2, 3, 3),
      box: [2, 0, 2, 2],
      seed: 6,
      note: 'Found. Looked for on a coarser grid of 1 × 2 instead of 2 × 4 patches',
    })
  })
})

describe('isOneColour', () => {
  it('is true of one colour up to what encoding does to it, and of one pixel', () => {
    const grey = new Uint8Array(300).fill(100)
    expect([isOneColour(grey), isOneColour(grey.map((value, index) => value + (index % 3))), isOneColour(Uint8Array.of(1, 200, 3)), isOneColour(grey.with(150, 104))]).toEqual([true, true, true, false])
  })
})
