import { describe, expect, it } from 'vitest'
import { evaluationWindow, patchGrid, windowExtent } from '../../../src/engine/image/geometry'

describe('evaluationWindow', () => {
  it.each([
    ['landscape', 640, 427, { width: 383, height: 256, left: 80, top: 16 }],
    ['portrait', 427, 640, { width: 256, height: 383, left: 16, top: 80 }],
    ['square', 512, 512, { width: 256, height: 256, left: 16, top: 16 }],
    // 256 · 451 / 300 = 384.85 is truncated.
    ['a long edge just below the next pixel', 451, 300, { width: 384, height: 256, left: 80, top: 16 }],
    // (385 - 224) / 2 = 80.5 and (387 - 224) / 2 = 81.5 both go to an even corner.
    ['a half that is rounded down', 385, 256, { width: 385, height: 256, left: 80, top: 16 }],
    ['a half that is rounded up', 387, 256, { width: 387, height: 256, left: 82, top: 16 }],
    ['a strip one pixel high', 100_000, 1, { width: 25_600_000, height: 256, left: 12_799_888, top: 16 }],
  ])('places the crop of %s as torchvision does', (_name, width, height, expected) => {
    expect(evaluationWindow(width, height, 256, 224)).toEqual({ ...expected, windowWidth: 224, windowHeight: 224 })
  })

  it('is described as a part of the whole picture', () => {
    expect(windowExtent(evaluationWindow(512, 512, 256, 224))).toEqual({ left: 1 / 16, top: 1 / 16, width: 7 / 8, height: 7 / 8 })
  })
})

describe('patchGrid', () => {
  it.each([
    ['both edges go to the nearest patch', [640, 427, 518, 14, 4096], { rows: 37, columns: 55, capped: false }],
    ['a picture smaller than a patch has one', [5, 3, 3, 14, 4096], { rows: 1, columns: 1, capped: false }],
    ['the cap keeps the aspect', [4000, 3000, 3000, 14, 4096], { rows: 55, columns: 73, capped: true }],
    ['exactly the cap is not capped', [896, 896, 896, 14, 4096], { rows: 64, columns: 64, capped: false }],
    ['a strip keeps one row within the cap', [100_000, 1, 224, 14, 4096], { rows: 1, columns: 4096, capped: true }],
    ['a standing strip keeps one column within the cap', [1, 100_000, 14, 14, 4096], { rows: 4096, columns: 1, capped: true }],
  ] as const)('%s', (_name, [width, height, shortEdge, patchSize, maxPatches], expected) => {
    const grid = patchGrid(width, height, shortEdge, patchSize, maxPatches)
    expect(grid.rows * grid.columns).toBeLessThanOrEqual(maxPatches)
    expect(grid).toEqual(expected)
  })
})
