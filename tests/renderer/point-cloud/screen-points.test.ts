/** @file Points on the screen: where they are, what a shape holds, what the pointer is over, which have room for a picture. */
import { describe, expect, it } from 'vitest'
import { pointAt, pointsInside, projectPoints, rectangle, roomForPictures } from '../../../src/renderer/point-cloud/screen-points'

const size = { width: 200, height: 100 }
const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
/** Looks along -z from the origin: x and y shrink with distance. */
const perspective = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0]
const shown = (coordinates: number[], hidden: readonly number[] = []) => projectPoints(Float32Array.from(coordinates), 2, identity, size, (point) => hidden.includes(point))

describe('points on the screen', () => {
  it('lie in pixels from the left top, the middle of space in the middle', () => {
    expect([...shown([0, 0, -1, 1, 1, -1]).places]).toEqual([100, 50, 0, 0, 200, 100])
  })

  it('come together with distance, and are nowhere behind the eye', () => {
    const { places } = projectPoints(Float32Array.from([1, 1, -2, 1, 1, -4, 1, 1, 3]), 3, perspective, size, () => false)
    expect([...places]).toEqual([150, 25, 125, 37.5, NaN, 0])
  })
})

describe('a shape', () => {
  it('holds what is inside, by the even-odd rule, and nothing hidden', () => {
    const points = shown([0, 0, 0.5, 0, 0.9, 0.9, 0.1, 0.1], [3])
    expect([...pointsInside(points, rectangle(90, 30, 160, 60))]).toEqual([0, 1])
    // A gate: what stands in it is outside.
    expect([...pointsInside(points, [0, 0, 200, 0, 200, 100, 110, 100, 110, 20, 90, 20, 90, 100, 0, 100])]).toEqual([1, 2])
  })

  it('with fewer than three corners holds nothing', () => {
    expect([...pointsInside(shown([0, 0]), [0, 0, 200, 100])]).toEqual([])
  })
})

describe('the pointer', () => {
  it('is over the nearest point within its reach', () => {
    const points = shown([0, 0, 0.05, 0])
    expect([pointAt(points, 103, 50, 10), pointAt(points, 99, 50, 10), pointAt(points, 140, 50, 10)]).toEqual([1, 0, undefined])
  })

  it('takes the one in front of two that lie on each other', () => {
    const points = { places: Float32Array.from([50, 50, 50, 50]), depths: Float32Array.from([0.9, 0.1]) }
    expect(pointAt(points, 50, 50, 5)).toBe(1)
  })
})

describe('room for pictures', () => {
  it('goes to the nearest to the eye first, and keeps the others away from them', () => {
    const points = { places: Float32Array.from([50, 50, 55, 50, 120, 50, 300, 50]), depths: Float32Array.from([0.5, 0.2, 0.9, 0]) }
    expect(roomForPictures(points, size, 10, 20)).toEqual([1, 2])
  })

  it('never puts two closer than the spacing, and leaves no gap in which one would fit', () => {
    const places = Float32Array.from({ length: 600 }, (_, index) => ((index * 7919) % 997) * (index % 2 === 0 ? 0.2 : 0.1))
    const points = { places, depths: new Float32Array(300) }
    const chosen = roomForPictures(points, size, 300, 25)
    const apart = (a: number, b: number): number => Math.max(Math.abs(places[2 * a]! - places[2 * b]!), Math.abs(places[2 * a + 1]! - places[2 * b + 1]!))
    for (const a of chosen) for (const b of chosen) if (a !== b) expect(apart(a, b)).toBeGreaterThanOrEqual(25)
    for (let point = 0; point < 300; point++) expect(Math.min(...chosen.map((other) => apart(point, other)))).toBeLessThan(25)
  })

  it('ends when there are as many as were asked for', () => {
    expect(roomForPictures(shown([-0.9, 0, 0, 0, 0.9, 0]), size, 2, 10)).toHaveLength(2)
  })
})
