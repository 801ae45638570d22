import { describe, expect, it } from 'vitest'
import { randomStream } from '../../../../src/engine/tensor'
import { createFeatureRing } from '../../../../src/engine/train/watch/feature-ring'
import { featureStatistics, rankMe, singularValues } from '../../../../src/engine/train/watch/feature-statistics'
import { symmetricEigenvalues } from '../../../../src/engine/train/watch/eigenvalues'
import { thrownBy } from '../../../helpers/thrown'

const normals = (count: number, seed = 1): Float32Array => {
  const random = randomStream(seed)
  return Float32Array.from({ length: count }, () => random.normal())
}

/** A random orthogonal matrix, rows of length 1, by Gram-Schmidt. */
function orthogonal(size: number): Float64Array[] {
  const rows: Float64Array[] = []
  const noise = normals(size * size, 7)
  for (let row = 0; row < size; row++) {
    const vector = Float64Array.from(noise.subarray(row * size, (row + 1) * size))
    for (let pass = 0; pass < 2; pass++)
      for (const before of rows) {
        const overlap = before.reduce((sum, value, index) => sum + value * vector[index]!, 0)
        before.forEach((value, index) => (vector[index]! -= overlap * value))
      }
    const length = Math.hypot(...vector)
    rows.push(vector.map((value) => value / length))
  }
  return rows
}

/** Σ values[k] · axes[k] axes[k]ᵀ. */
function withEigenvalues(values: readonly number[]): Float64Array {
  const size = values.length
  const axes = orthogonal(size)
  return Float64Array.from({ length: size * size }, (_, index) => values.reduce((sum, value, k) => sum + value * axes[k]![Math.floor(index / size)]! * axes[k]![index % size]!, 0))
}

describe('eigenvalues of a symmetric matrix', () => {
  it.each([
    ['apart', [9, 4, 2.5, 1, 0.1, -3]],
    ['equal', [2, 2, 2, 1, 1]],
    ['of very different size', [1e6, 1, 1e-3]],
    ['zero', [5, 0, 0, 0]],
    ['many', Array.from({ length: 40 }, (_, index) => 40 - index)],
  ])('are found when they are %s', (_what, values) => {
    const found = symmetricEigenvalues(withEigenvalues(values), values.length)
    const scale = Math.max(...values.map(Math.abs))
    expect([...found].map((value, index) => Math.abs(value - values[index]!) < 1e-12 * scale)).toEqual(values.map(() => true))
  })

  it.each([
    ['nothing', [], 0, []],
    ['a single number', [3], 1, [3]],
    ['a diagonal', [1, 0, 0, 0, 3, 0, 0, 0, 2], 3, [3, 2, 1]],
    ['zeros', [0, 0, 0, 0], 2, [0, 0]],
    ['a matrix by its lower triangle alone', [2, 99, 1, 2], 2, [3, 1]],
  ])('of %s are exact', (_what, matrix, size, expected) => {
    const found = [...symmetricEigenvalues(Float64Array.from(matrix), size)]
    expect(found.map((value) => Number(value.toFixed(12)))).toEqual(expected)
  })

  it('refuses numbers that are none', async () => {
    expect(await thrownBy(() => symmetricEigenvalues(Float64Array.from([1, NaN, NaN, 1]), 2))).toMatchObject({ code: 'BAD_REQUEST' })
  })
})

describe('feature statistics', () => {
  it('call noise in all directions nearly full in rank and spread', () => {
    const statistics = featureStatistics(normals(1024 * 64), 64)!
    expect(statistics.count).toBe(1024)
    expect(statistics.stdRatio).toBeCloseTo(1, 1)
    expect(statistics.effectiveRank).toBeGreaterThan(62)
    expect(statistics.largestShare).toBeLessThan(0.025)
  })

  it('call features that are all the same one direction without spread', () => {
    const one = normals(32)
    const features = Float32Array.from({ length: 100 * 32 }, (_, index) => one[index % 32]!)
    const { std, effectiveRank, largestShare } = featureStatistics(features, 32)!
    expect(std).toBeLessThan(1e-3)
    expect(effectiveRank).toBeLessThan(1.01)
    expect(largestShare).toBeGreaterThan(0.999)
  })

  it.each([3, 8])('find %i equal directions among 48', (directions) => {
    const noise = normals(2000 * directions)
    const features = new Float32Array(2000 * 48)
    for (let row = 0; row < 2000; row++) features.set(noise.subarray(row * directions, (row + 1) * directions), row * 48)
    expect(featureStatistics(features, 48)!.effectiveRank).toBeCloseTo(directions, 1)
  })

  it('do not depend on which of the two products they are computed from', () => {
    const few = normals(20 * 50)
    const transposed = Float32Array.from({ length: 20 * 50 }, (_, index) => few[(index % 20) * 50 + Math.floor(index / 20)]!)
    const [left, right] = [singularValues(few, 50), singularValues(transposed, 20)]
    expect([...left].map((value) => value.toFixed(6))).toEqual([...right].map((value) => value.toFixed(6)))
  })

  it('follow the formula of RankMe', () => {
    const p = [0.5 + 1e-7, 0.3 + 1e-7, 0.2 + 1e-7]
    expect(rankMe(Float64Array.from([5, 3, 2]))).toBeCloseTo(Math.exp(-p.reduce((sum, value) => sum + value * Math.log(value), 0)), 12)
    expect(rankMe(new Float64Array(3))).toBe(1)
  })

  it('say nothing about a single feature', () => {
    expect(featureStatistics(normals(8), 8)).toBeUndefined()
  })
})

describe('a feature ring', () => {
  it('keeps the latest, and goes on from its state as if nothing had been', () => {
    const ring = createFeatureRing(3, 2)
    ring.push(Float32Array.from([1, 1, 2, 2]))
    const before = { count: ring.count, rows: [...ring.rows()] }
    const resumed = createFeatureRing(3, 2, ring.state())
    for (const one of [ring, resumed]) one.push(Float32Array.from([3, 3, 4, 4]))
    expect({ before, after: [...ring.rows()], resumed: resumed.state() }).toEqual({ before: { count: 2, rows: [1, 1, 2, 2] }, after: [4, 4, 2, 2, 3, 3], resumed: ring.state() })
  })

  it('refuses a state of another size', async () => {
    expect(await thrownBy(() => createFeatureRing(4, 2, createFeatureRing(3, 2).state()))).toMatchObject({ code: 'BAD_REQUEST' })
  })
})
