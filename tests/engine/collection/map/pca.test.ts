/** @file Principal components are held against power iteration with deflation on the whole covariance, in float64. */
import { describe, expect, it } from 'vitest'
import { projectPca, type MapOptions, type VectorSet } from '../../../../src/engine/collection'
import type { Progress } from '../../../../src/engine/contract'
import { randomStream } from '../../../../src/engine/tensor'
import { blobs, plainProducts, randomSet, vectorSet } from '../../../helpers/vector-sets'

const options = (emit: (progress: Progress) => void = () => undefined): MapOptions => ({ products: plainProducts, signal: new AbortController().signal, emit })

/** By the definition: the covariance, and its eigenvectors by power iteration with deflation, until nothing moves any more. */
function plainPca({ dim, rows, matrix }: VectorSet, count: number): { readonly axes: number[][]; readonly explained: number[]; readonly mean: number[] } {
  const mean = Array.from({ length: dim }, (_, column) => Array.from(rows, (_row, row) => matrix[row * dim + column]!).reduce((sum, value) => sum + value, 0) / rows.length)
  const covariance = Array.from({ length: dim }, (_, i) =>
    Array.from({ length: dim }, (_column, j) => Array.from(rows, (_row, row) => (matrix[row * dim + i]! - mean[i]!) * (matrix[row * dim + j]! - mean[j]!)).reduce((sum, value) => sum + value, 0) / rows.length),
  )
  const total = covariance.reduce((sum, line, index) => sum + line[index]!, 0)
  const random = randomStream(99)
  const axes: number[][] = []
  const explained: number[] = []
  for (let axis = 0; axis < count; axis++) {
    let vector = Array.from({ length: dim }, () => random.normal())
    let variance = 0
    for (let step = 0; step < 20_000; step++) {
      const next = covariance.map((line) => line.reduce((sum, value, column) => sum + value * vector[column]!, 0))
      const length = Math.hypot(...next)
      if (length === 0) break
      variance = length
      vector = next.map((value) => value / length)
    }
    const largest = vector.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0)
    axes.push(largest < 0 ? vector.map((value) => -value) : vector)
    explained.push(variance / total)
    for (let i = 0; i < dim; i++) for (let j = 0; j < dim; j++) covariance[i]![j]! -= variance * vector[i]! * vector[j]!
  }
  return { axes, explained, mean }
}

/** Coordinates along the axes, moved and scaled as maps are. */
function plainMap(set: VectorSet, dims: number): number[] {
  const { axes, mean } = plainPca(set, dims)
  const along = axes.map((axis) => Array.from(set.rows, (_, row) => axis.reduce((sum, value, column) => sum + value * (set.matrix[row * set.dim + column]! - mean[column]!), 0)))
  const ranges = along.map((values) => ({ least: Math.min(...values), most: Math.max(...values) }))
  const longest = Math.max(...ranges.map(({ least, most }) => most - least))
  return Array.from(set.rows, (_, row) => along.map((values, axis) => ((values[row]! - (ranges[axis]!.least + ranges[axis]!.most) / 2) * 2) / longest)).flat()
}

describe('a map by principal components', () => {
  it.each([
    ['of blobs', blobs([40, 30, 20], 24, 0.3, 1).set],
    // Axes of nearly the same variance are the hard case for an iteration.
    ['of no structure', randomSet(300, 16, 2)],
    ['of vectors with a common direction', vectorSet(8, Float32Array.from({ length: 800 }, (_, index) => (index % 8 === 0 ? 5 : 0) + Math.sin(index * 12.9898)))],
  ])('is that of the definition: %s', async (_, set) => {
    const { coordinates, explained } = await projectPca(set, 3, options())
    const expected = plainMap(set, 3)
    expect(Math.max(...expected.map((value, index) => Math.abs(value - coordinates[index]!)))).toBeLessThan(2e-3)
    plainPca(set, 3).explained.forEach((share, axis) => { expect(explained[axis]).toBeCloseTo(share, 5) })
  })

  it('is centred and 2 long, the same each time', async () => {
    const set = randomSet(200, 12, 3)
    const { coordinates } = await projectPca(set, 2, options())
    const along = (axis: number): number[] => Array.from(coordinates).filter((__, index) => index % 2 === axis)
    expect([Math.min(...along(0)), Math.max(...along(0))].map((value) => value.toFixed(5))).toEqual(['-1.00000', '1.00000'])
    expect(Math.min(...along(1)) + Math.max(...along(1))).toBeCloseTo(0, 5)
    expect((await projectPca(set, 2, options())).coordinates).toEqual(coordinates)
  })

  it('has a sane answer for few points, equal points and fewer dimensions than axes', async () => {
    const maps = await Promise.all([0, 1, 2, 5].map((count) => projectPca(randomSet(count, 6, 4), 3, options())))
    expect(maps.map(({ coordinates }) => [coordinates.length, coordinates.every((value) => Math.abs(value) <= 1)])).toEqual([[0, true], [3, true], [6, true], [15, true]])
    expect(maps[1]?.coordinates).toEqual(new Float32Array(3))
    expect(maps[2]?.explained.map((share) => share.toFixed(4))).toEqual(['1.0000', '0.0000', '0.0000'])
    const equal = await projectPca(vectorSet(4, new Float32Array(40).fill(1)), 2, options())
    expect({ coordinates: new Set(equal.coordinates), explained: equal.explained }).toEqual({ coordinates: new Set([0]), explained: [0, 0] })
    const { coordinates } = await projectPca(randomSet(50, 2, 5), 3, options())
    expect(new Set(coordinates.filter((_, index) => index % 3 === 2))).toEqual(new Set([0]))
  })

  it('tells how far it is and stops when it is cancelled', async () => {
    const told: number[] = []
    await projectPca(randomSet(10_000, 4, 6), 2, options(({ value }) => told.push(value)))
    expect([told[0], told.at(-1)]).toEqual([0, 1])
    const controller = new AbortController()
    const stopped = projectPca(randomSet(100, 4, 6), 2, { ...options(), signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
  })
})
