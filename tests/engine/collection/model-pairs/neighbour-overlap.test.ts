/** @file Neighbours of two models against their definition by sets and full sorts; leave-one-out accuracy; the same vectors. */
import { describe, expect, it } from 'vitest'
import { largestDifference, leaveOneOutAccuracy, mostChanged, nearestNeighbours, neighbourOverlap, type VectorSet } from '../../../../src/engine/collection'
import { randomStream } from '../../../../src/engine/tensor'
import { thrownBy } from '../../../helpers/thrown'
import { blobs, plainProducts, randomSet, vectorSet } from '../../../helpers/vector-sets'

const signal = new AbortController().signal
const options = { products: plainProducts, signal }
const both = async (set: VectorSet, k: number) => ({ set, neighbours: await nearestNeighbours(set, k, options) })

const cosine = ({ dim, matrix }: VectorSet, a: number, b: number): number => Array.from({ length: dim }, (_, column) => matrix[a * dim + column]! * matrix[b * dim + column]!).reduce((sum, value) => sum + value, 0)
const nearest = (set: VectorSet, of: number, k: number): number[] =>
  [...set.rows.keys()]
    .filter((other) => other !== of)
    .sort((a, b) => cosine(set, of, b) - cosine(set, of, a) || a - b)
    .slice(0, k)
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** The same vectors with noise. */
function shaken({ dim, matrix }: VectorSet, by: number, seed: number): VectorSet {
  const random = randomStream(seed)
  return vectorSet(dim, matrix.map((value) => value + by * random.normal()))
}

describe('the overlap of neighbours', () => {
  it.each([1, 4, 10])('is that of sets of the %i nearest, and gaps are what the lists differ by in mean cosine', async (k) => {
    const [left, right] = [randomSet(40, 6, 1), shaken(randomSet(40, 6, 1), 0.25, 2)]
    const found = await neighbourOverlap(await both(left, k), await both(right, k), signal)
    const expected = [...left.rows.keys()].map((picture) => {
      const [a, b] = [nearest(left, picture, k), nearest(right, picture, k)]
      const gap = (set: VectorSet, own: number[], other: number[]): number => mean(own.map((one) => cosine(set, picture, one))) - mean(other.map((one) => cosine(set, picture, one)))
      return { overlap: a.filter((one) => b.includes(one)).length / k, gap: (gap(left, a, b) + gap(right, b, a)) / 2 }
    })
    expect([...found.overlaps]).toEqual(expected.map(({ overlap }) => Math.fround(overlap)))
    found.gaps.forEach((gap, picture) => { expect(gap).toBeCloseTo(expected[picture]!.gap, 5) })
    expect(found.mean).toBeCloseTo(mean(expected.map(({ overlap }) => overlap)), 6)
    expect(found.mean).toBeGreaterThan(0)
    expect(found.mean).toBeLessThan(1)
    expect(found.byChance).toBeCloseTo(k / 39, 9)
  })

  it('is whole for a layout that is turned and scaled, and by chance for one that is unrelated', async () => {
    const set = randomSet(300, 4, 3)
    const mirrored = vectorSet(4, set.matrix.map((_, index) => 3 * set.matrix[index - (index % 4) + (3 - (index % 4))]!))
    const same = await neighbourOverlap(await both(set, 5), await both(mirrored, 5), signal)
    expect([same.mean, Math.max(...same.gaps)]).toEqual([1, 0])
    const { mean: unrelated, byChance } = await neighbourOverlap(await both(set, 30), await both(randomSet(300, 4, 4), 30), signal)
    expect(Math.abs(unrelated - byChance)).toBeLessThan(0.02)
  })

  it('counts those that there are, where all others are neighbours', async () => {
    const found = await neighbourOverlap(await both(randomSet(4, 3, 5), 10), await both(randomSet(4, 3, 6), 10), signal)
    expect(found).toMatchObject({ mean: 1, byChance: 1 })
    expect(await thrownBy(async () => neighbourOverlap(await both(randomSet(4, 3, 5), 2), await both(randomSet(5, 3, 6), 2), signal))).toMatchObject({ code: 'INTERNAL' })
  })

  it('orders pictures by the smallest overlap, then the largest gap, then as they lie', () => {
    expect([...mostChanged({ overlaps: Float32Array.of(1, 0.5, 0, 0.5, 0.5, 0), gaps: Float32Array.of(0, 0.1, 0.2, 0.3, 0.1, 0.2) })]).toEqual([2, 5, 3, 1, 4, 0])
  })
})

describe('leave-one-out accuracy', () => {
  /** Votes by the definition. */
  function naive(set: VectorSet, labels: Int32Array, classes: number, k: number): number {
    const classed = [...labels.keys()].filter((picture) => labels[picture]! >= 0)
    const right = classed.filter((picture) => {
      const votes = Array<number>(classes).fill(0)
      const others = classed.filter((other) => other !== picture).sort((a, b) => cosine(set, picture, b) - cosine(set, picture, a) || a - b)
      for (const other of others.slice(0, k)) votes[labels[other]!]! += Math.exp(cosine(set, picture, other) / 0.07)
      return votes.indexOf(Math.max(...votes)) === labels[picture]
    })
    return right.length / classed.length
  }

  it.each([1, 5, 20])('is that of votes of the %i nearest others; pictures of no class neither vote nor count', async (k) => {
    const { set, labels } = blobs([14, 9, 11, 6], 5, 1.1, 7)
    const classed = labels.map((label) => (label === 3 ? -1 : label))
    const accuracy = await leaveOneOutAccuracy(set, classed, { classes: ['a', 'b', 'c'], k, ...options })
    expect(accuracy).toBeCloseTo(naive(set, classed, 3, k), 9)
    expect(accuracy).toBeLessThan(1)
    expect(await leaveOneOutAccuracy(set, labels, { classes: ['a', 'b', 'c', 'd'], k, ...options })).toBeCloseTo(naive(set, labels, 4, k), 9)
  })
})

describe('the largest difference', () => {
  it('is that of all numbers, and nothing between vectors of different lengths', async () => {
    const { matrix } = randomSet(50, 8, 9)
    const other = matrix.slice()
    other[333]! -= 0.25
    other[12]! += 0.125
    expect(await largestDifference({ dim: 8, matrix }, { dim: 8, matrix: other }, signal)).toBeCloseTo(0.25, 6)
    expect(await largestDifference({ dim: 8, matrix }, { dim: 4, matrix: other.subarray(200) }, signal)).toBeUndefined()
  })
})
