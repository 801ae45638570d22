/** @file Quality is held against the formulas by full sorts in O(n²). */
import { describe, expect, it } from 'vitest'
import { measureMap, projectPca, type VectorSet } from '../../../../src/engine/collection'
import { measuredPoints } from '../../../../src/engine/collection/map/quality'
import type { MapQuality } from '../../../../src/engine/contract'
import { randomStream } from '../../../../src/engine/tensor'
import { blobs, plainProducts, randomSet } from '../../../helpers/vector-sets'

const { signal } = new AbortController()
const options = { products: plainProducts, signal, emit: () => undefined, seed: 1 } as const

function ranked(count: number, of: number, distance: (other: number) => number): number[] {
  return Array.from({ length: count }, (_, other) => other)
    .filter((other) => other !== of)
    .sort((a, b) => distance(a) - distance(b) || a - b)
}

function plainQuality({ dim, rows, matrix }: VectorSet, coordinates: Float32Array, dims: number, k: number): Pick<MapQuality, 'trustworthiness' | 'preserved'> {
  const count = rows.length
  const difference = (data: Float32Array, width: number, a: number, b: number): number => {
    let sum = 0
    for (let column = 0; column < width; column++) sum += (data[a * width + column]! - data[b * width + column]!) ** 2
    return sum
  }
  let [penalty, kept] = [0, 0]
  for (let point = 0; point < count; point++) {
    // Of unit vectors the nearest are those of the largest cosine.
    const truth = ranked(count, point, (other) => difference(matrix, dim, point, other))
    for (const near of ranked(count, point, (other) => difference(coordinates, dims, point, other)).slice(0, k)) {
      const rank = truth.indexOf(near) + 1
      if (rank <= k) kept++
      else penalty += rank - k
    }
  }
  return { trustworthiness: 1 - (2 / (count * k * (2 * count - 3 * k - 1))) * penalty, preserved: kept / (count * k) }
}

const scattered = (count: number, dims: number): Float32Array => {
  const random = randomStream(7)
  return Float32Array.from({ length: count * dims }, () => random.uniform())
}

describe('the quality of a map', () => {
  it.each([2, 3] as const)('is that of the formulas in %i dimensions', async (dims) => {
    const { set } = blobs([60, 50, 40], 16, 0.4, 1)
    for (const coordinates of [(await projectPca(set, dims, options)).coordinates, scattered(150, dims)]) {
      const quality = await measureMap(set, coordinates, dims, { ...options, neighbours: 10 })
      const expected = plainQuality(set, coordinates, dims, 10)
      expect(quality).toEqual({ neighbours: 10, points: 150, trustworthiness: expect.closeTo(expected.trustworthiness, 6), preserved: expect.closeTo(expected.preserved, 6) })
    }
  })

  it('is 1 where the map is the space itself, and about a half where it is chance', async () => {
    const random = randomStream(2)
    const angles = Float32Array.from({ length: 300 }, () => random.uniform() * 6)
    const circle = Float32Array.from({ length: 600 }, (_, index) => (index % 2 === 0 ? Math.cos(angles[index >> 1]!) : Math.sin(angles[index >> 1]!)))
    const set = { dim: 2, rows: Uint32Array.from({ length: 300 }, (_, row) => row), matrix: circle }
    expect(await measureMap(set, circle, 2, { ...options, neighbours: 8 })).toEqual({ neighbours: 8, points: 300, trustworthiness: expect.closeTo(1, 4), preserved: expect.closeTo(1, 1) })
    const chance = await measureMap(randomSet(300, 8, 3), scattered(300, 2), 2, { ...options, neighbours: 8 })
    expect(chance?.trustworthiness).toBeCloseTo(0.5, 1)
    expect(chance?.preserved).toBeLessThan(0.06)
  })

  it('compares fewer neighbours where there are few points, and says nothing of fewer than three', async () => {
    const qualities = await Promise.all([0, 1, 2, 3, 5].map((count) => measureMap(randomSet(count, 4, 4), scattered(count, 3), 3, { ...options, neighbours: 15 })))
    expect(qualities.map((quality) => quality?.neighbours)).toEqual([undefined, undefined, undefined, 1, 2])
    expect(qualities[4]).toEqual({ points: 5, neighbours: 2, ...plainQuality(randomSet(5, 4, 4), scattered(5, 3), 3, 2) })
  })

  it('looks at all points as long as that is quick, then at some of them', () => {
    expect([0, 100, 10_000, 20_000, 100_000, 1_000_000].map(measuredPoints)).toEqual([0, 100, 10_000, 5000, 1000, 256])
  })
})
