import { describe, expect, it } from 'vitest'
import { planCuration, type CurateOptions, type VectorSet } from '../../../src/engine/collection'
import { evenness, evenQuotas } from '../../../src/engine/collection/curate-sampling'
import { randomStream } from '../../../src/engine/tensor'
import { thrownBy } from '../../helpers/thrown'
import { blobs, plainProducts, vectorSet } from '../../helpers/vector-sets'

const optionsFor = (set: VectorSet, over: Partial<CurateOptions> = {}): CurateOptions => ({
  products: plainProducts,
  signal: new AbortController().signal,
  duplicateSimilarity: 0.9999,
  clusters: 4,
  target: 60,
  seed: 1,
  worth: new Float64Array(set.rows.length),
  ...over,
})

const total = (values: Uint32Array): number => values.reduce((sum, value) => sum + value, 0)

describe('even quotas', () => {
  it('hold for any sizes: nobody gets more than there is, all is shared, and who has more left got no less than others', () => {
    const random = randomStream(5)
    for (let round = 0; round < 300; round++) {
      const sizes = Uint32Array.from({ length: 1 + Math.floor(random.uniform() * 12) }, () => Math.floor(random.uniform() ** 3 * 200))
      const target = Math.floor(random.uniform() * 600)
      const quotas = evenQuotas(sizes, target)
      expect(total(quotas)).toBe(Math.min(target, total(sizes)))
      const capped = [...sizes.keys()].filter((cluster) => quotas[cluster]! < sizes[cluster]!)
      const most = Math.max(0, ...quotas)
      for (const cluster of sizes.keys()) expect(quotas[cluster]!).toBeLessThanOrEqual(sizes[cluster]!)
      for (const cluster of capped) expect(quotas[cluster]!).toBeGreaterThanOrEqual(most - 1)
    }
  })

  it('give what does not come out even to the largest', () => {
    expect([...evenQuotas(Uint32Array.of(10, 3, 20, 20), 24)]).toEqual([7, 3, 7, 7])
    expect([...evenQuotas(Uint32Array.of(10, 3, 20, 20), 26)]).toEqual([7, 3, 8, 8])
  })
})

describe('evenness', () => {
  it('is the entropy of shares over its maximum', () => {
    expect([evenness(Uint32Array.of(5, 5, 5)), evenness(Uint32Array.of(7, 0)), evenness(Uint32Array.of(7)), evenness(Uint32Array.of(0, 0))]).toEqual([1, 0, 1, 0])
    expect(evenness(Uint32Array.of(1, 3))).toBeCloseTo(-(0.25 * Math.log2(0.25) + 0.75 * Math.log2(0.75)), 12)
  })
})

describe('a curation', () => {
  it('takes one of each group of duplicates and then as many of each cluster', async () => {
    const { set: singles } = blobs([100, 40, 30, 6], 16, 0.2, 2)
    // Ten of the first blob are there three times.
    const copies = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((row) => [row, row])
    const values = [...singles.matrix, ...copies.flatMap((row) => [...singles.matrix.subarray(16 * row, 16 * row + 16)])]
    const set = vectorSet(16, Float32Array.from(values))
    const plan = await planCuration(set, optionsFor(set))
    expect([...plan.duplicates]).toEqual(Array.from({ length: 20 }, (_, index) => 176 + index))
    expect([...plan.perCluster]).toEqual([120, 100, 18, 40, 40, 18, 30, 30, 18, 6, 6, 6])
    expect({ kept: plan.kept.length, away: plan.balancedAway.length, sorted: [...plan.kept].sort((a, b) => a - b) }).toEqual({ kept: 60, away: 116, sorted: [...plan.kept] })
    expect([...plan.kept, ...plan.duplicates, ...plan.balancedAway].sort((a, b) => a - b)).toEqual([...set.rows])
    expect(plan.evennessBefore).toBeCloseTo(evenness(Uint32Array.of(120, 40, 30, 6)), 12)
    expect(plan.evennessAfter).toBeCloseTo(evenness(Uint32Array.of(18, 18, 18, 6)), 12)
    expect([...plan.representatives].map((row) => [row < 100, row >= 100 && row < 140, row >= 140 && row < 170, row >= 170 && row < 176].indexOf(true))).toEqual([0, 1, 2, 3])
  })

  it('is the same for the same seed, and another for another', async () => {
    const { set } = blobs([50, 50], 8, 0.3, 3)
    const [plan, again, other] = await Promise.all([1, 1, 2].map((seed) => planCuration(set, optionsFor(set, { seed, clusters: 2, target: 20 }))))
    expect(again).toEqual(plan)
    expect([...other!.kept]).not.toEqual([...plan!.kept])
  })

  it('keeps the worthiest of duplicates, of equal ones the first', async () => {
    const set = vectorSet(2, Float32Array.from([1, 0, 1, 0, 0, 1, 0, 1, 1, 0]))
    const plan = await planCuration(set, optionsFor(set, { clusters: 2, target: 10, worth: Float64Array.of(1, 7, 2, 2, 3) }))
    expect({ kept: [...plan.kept], duplicates: [...plan.duplicates] }).toEqual({ kept: [1, 2], duplicates: [0, 3, 4] })
  })

  it('keeps all where more are wanted than there are, and all as duplicates of one where that is asked', async () => {
    const { set } = blobs([20, 10], 8, 0.3, 3)
    expect((await planCuration(set, optionsFor(set, { target: 1000, clusters: 2 }))).kept).toEqual(set.rows)
    const one = await planCuration(set, optionsFor(set, { duplicateSimilarity: -1 }))
    expect({ kept: [...one.kept], perCluster: [...one.perCluster] }).toEqual({ kept: [0], perCluster: [30, 1, 1] })
  })

  it('needs vectors and stops when cancelled', async () => {
    const { set } = blobs([20], 8, 0.3, 3)
    expect(await thrownBy(() => planCuration(vectorSet(2, new Float32Array(0)), optionsFor(set)))).toMatchObject({ code: 'BAD_REQUEST' })
    expect(await thrownBy(() => planCuration(set, optionsFor(set, { signal: AbortSignal.abort(new Error('enough')) })))).toEqual(new Error('enough'))
  })
})
