/** @file Fitting, zooming and panning a picture, and finding the patch under a point. */
import { describe, expect, it } from 'vitest'
import { extentRect, fitPlacement, heldPlacement, maxScale, patchAt, zoomedPlacement } from '../../../../src/renderer/views/inspector/stage-geometry'

const picture = { width: 200, height: 100 }
const stage = { width: 500, height: 400 }
const fit = { scale: 2, x: 50, y: 100 }

describe('fitPlacement', () => {
  it('shows the whole picture in the middle, inside the margin', () => {
    expect(fitPlacement(picture, stage, 50)).toEqual(fit)
    expect(fitPlacement({ width: 100, height: 1000 }, stage, 50)).toEqual({ scale: 0.3, x: 235, y: 50 })
  })

  it('stays positive on a stage smaller than its margins', () => {
    expect(fitPlacement(picture, { width: 40, height: 40 }, 50).scale).toBeGreaterThan(0)
  })
})

describe('heldPlacement', () => {
  it.each([
    ['centres what is smaller', { scale: 1, x: 999, y: -999 }, { scale: 1, x: 150, y: 150 }],
    ['leaves no gap beside what is larger', { scale: 10, x: 100, y: 100 }, { scale: 10, x: 0, y: 0 }],
    ['on either side', { scale: 10, x: -9999, y: -9999 }, { scale: 10, x: -1500, y: -600 }],
    ['and leaves the rest alone', { scale: 10, x: -700, y: -300 }, { scale: 10, x: -700, y: -300 }],
  ])('%s', (_name, placement, expected) => {
    expect(heldPlacement(placement, picture, stage)).toEqual(expected)
  })
})

describe('zoomedPlacement', () => {
  it('keeps what lies under the cursor there', () => {
    const at = { x: 150, y: 150 }
    const before = { scale: 10, x: -700, y: -300 }
    const after = zoomedPlacement(before, 1.5, at, picture, stage, 50)
    const under = ({ scale, x, y }: typeof before) => [(at.x - x) / scale, (at.y - y) / scale]
    expect(after.scale).toBe(15)
    expect(under(after)).toEqual(under(before))
  })

  it('ends at fit on the way out and at the limit on the way in', () => {
    expect(zoomedPlacement({ scale: 10, x: -700, y: -300 }, 0.01, { x: 0, y: 0 }, picture, stage, 50)).toEqual(fit)
    expect(zoomedPlacement(fit, 1000, { x: 250, y: 200 }, picture, stage, 50).scale).toBe(maxScale)
  })
})

describe('patchAt', () => {
  const grid = { gridHeight: 2, gridWidth: 4 }
  const whole = { left: 0, top: 0, width: 1, height: 1 }

  it.each([
    [{ x: 50, y: 100 }, 0],
    [{ x: 449, y: 100 }, 3],
    [{ x: 50, y: 299 }, 4],
    [{ x: 449, y: 299 }, 7],
    [{ x: 49, y: 150 }, undefined],
    [{ x: 450, y: 150 }, undefined],
    [{ x: 60, y: 300 }, undefined],
  ])('under %j is %s', (at, expected) => {
    expect(patchAt(at, extentRect(whole, picture, fit), grid)).toBe(expected)
  })

  it('counts only the part that the model saw', () => {
    const rect = extentRect({ left: 0.25, top: 0, width: 0.5, height: 1 }, picture, fit)
    expect(rect).toEqual({ x: 150, y: 100, width: 200, height: 200 })
    expect([patchAt({ x: 149, y: 110 }, rect, grid), patchAt({ x: 151, y: 110 }, rect, grid), patchAt({ x: 349, y: 110 }, rect, grid)]).toEqual([undefined, 0, 3])
  })
})
