/** @file Segments of patches: found where they are, counted by what they explain, compared and measured against plain loops. */
import { describe, expect, it } from 'vitest'
import { adjustedRand, findSegments, measureSegments } from '../../../../src/engine/dense'
import { kneeOf } from '../../../../src/engine/dense/segments/find-segments'
import { randomStream } from '../../../../src/engine/tensor'
import { blobs, byAppearance, plainProducts, randomSet } from '../../../helpers/vector-sets'

const options = { products: plainProducts, signal: new AbortController().signal, restarts: 3, seed: 1 }

/** By counting pairs, as the index is defined. */
function plainAdjustedRand(left: Int32Array, right: Int32Array): number {
  let [both, inLeft, inRight, all] = [0, 0, 0, 0]
  for (let a = 0; a < left.length; a++)
    for (let b = a + 1; b < left.length; b++) {
      const [one, other] = [left[a] === left[b], right[a] === right[b]]
      all++
      if (one) inLeft++
      if (other) inRight++
      if (one && other) both++
    }
  const expected = (inLeft * inRight) / all
  return (both - expected) / ((inLeft + inRight) / 2 - expected)
}

describe('segments', () => {
  it('are the groups there are, and their number is chosen by what they explain', async () => {
    const { set, labels } = blobs([80, 60, 50, 40], 12, 0.2, 3)
    const fit = await findSegments(set, { ...options, segments: 'auto' })
    expect({ segments: fit.segments, groups: byAppearance(fit.labels), tried: fit.tried.map(({ segments }) => segments) }).toEqual({ segments: 4, groups: byAppearance(labels), tried: [2, 3, 4, 6, 8, 11, 16, 22, 32] })
    expect(fit.tried.every(({ explained }, index) => explained >= (fit.tried[index - 1]?.explained ?? 0))).toBe(true)
    expect(fit.explained).toBeGreaterThan(0.9)
  })

  it('are the same to the bit for a seed', async () => {
    const set = randomSet(300, 8, 5)
    const [first, second] = [await findSegments(set, { ...options, segments: 7 }), await findSegments(set, { ...options, segments: 7 })]
    expect(second).toEqual(first)
  })

  it('explain everything where all patches are alike', async () => {
    const set = { dim: 2, rows: Uint32Array.of(0, 1, 2), matrix: Float32Array.of(1, 0, 1, 0, 1, 0) }
    expect(await findSegments(set, { ...options, segments: 'auto' })).toMatchObject({ segments: 1, explained: 1 })
  })

  it('have a knee where more explain little', () => {
    expect([kneeOf([{ segments: 2, explained: 0.2 }, { segments: 4, explained: 0.8 }, { segments: 8, explained: 0.84 }, { segments: 16, explained: 0.88 }]), kneeOf([{ segments: 2, explained: 0.5 }]), kneeOf([])]).toEqual([4, 2, 1])
  })
})

describe('the adjusted Rand index', () => {
  it('is what counting all pairs gives', () => {
    const random = randomStream(4)
    for (const groups of [2, 5, 9]) {
      const left = Int32Array.from({ length: 120 }, () => Math.floor(groups * random.uniform()))
      const right = left.map((label) => (random.uniform() < 0.3 ? Math.floor(groups * random.uniform()) : (label + 1) % groups))
      expect(adjustedRand(left, right)).toBeCloseTo(plainAdjustedRand(left, right), 12)
    }
  })

  it('is 1 for the same groups under other numbers, and near 0 for chance', () => {
    const random = randomStream(5)
    const left = Int32Array.from({ length: 2000 }, () => Math.floor(4 * random.uniform()))
    const right = Int32Array.from({ length: 2000 }, () => Math.floor(4 * random.uniform()))
    expect([adjustedRand(left, left.map((label) => 3 - label)), Math.abs(adjustedRand(left, right)) < 0.02, adjustedRand(new Int32Array(5), new Int32Array(5))]).toEqual([1, true, 1])
  })
})

describe('measures of segments', () => {
  it('count patches and pieces, and find the centre', () => {
    // 7 7 2 7
    // 2 2 7 2
    expect(measureSegments(Uint16Array.of(7, 7, 2, 7, 2, 2, 7, 2), { height: 2, width: 4 })).toEqual([
      { segment: 2, patches: 4, share: 0.5, components: 3, centroid: [0.5, 0.625] },
      { segment: 7, patches: 4, share: 0.5, components: 3, centroid: [0.5, 0.375] },
    ])
  })
})
