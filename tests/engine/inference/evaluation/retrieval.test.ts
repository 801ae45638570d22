/** @file Retrieval against full sorts and against rankings worked out by hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { normaliseRows, openRowProducts, placesOf, retrieval, scoreRanking, type LabelledFeatures, type RetrievalOptions } from '../../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import { clouds } from '../../../helpers/class-clouds'
import { thrownBy } from '../../../helpers/thrown'
import { plainProducts } from '../../../helpers/vector-sets'

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
})
afterAll(() => runtime.dispose())

/** Definitions over a full sort for each query; `dino/utils.py:708-740` line by line for the trapezoid. */
function plainScores(references: LabelledFeatures, queries: LabelledFeatures, dim: number) {
  const [left, right] = [normaliseRows(queries.features, dim), normaliseRows(references.features, dim)]
  const scores = [...queries.labels.keys()].flatMap((query) => {
    const similarity = (row: number): number => {
      let sum = 0
      for (let index = 0; index < dim; index++) sum += left[query * dim + index]! * right[row * dim + index]!
      return Math.fround(sum)
    }
    const ranking = [...references.labels.keys()]
      .filter((row) => references.ids === undefined || references.ids[row] !== queries.ids?.[query])
      .map((row) => ({ row, similarity: similarity(row), hit: references.labels[row] === queries.labels[query] }))
      .sort((a, b) => b.similarity - a.similarity || a.row - b.row)
    const relevant = ranking.filter(({ hit }) => hit).length
    if (relevant === 0) return []
    let [seen, precision, atR] = [0, 0, 0]
    ranking.forEach(({ hit }, place) => {
      if (!hit) return
      seen++
      precision += seen / (place + 1) / relevant
      if (place < relevant) atR += seen / (place + 1) / relevant
    })
    const ranks = ranking.flatMap(({ hit }, place) => (hit ? [place] : []))
    let trapezoid = 0
    for (let j = 0; j < ranks.length; j++) {
      const rank = ranks[j]!
      const precision0 = rank === 0 ? 1 : j / rank
      const precision1 = (j + 1) / (rank + 1)
      trapezoid += ((precision0 + precision1) * (1 / ranks.length)) / 2
    }
    return [{ precision, trapezoid, atR, first: ranks[0]!, label: queries.labels[query]! }]
  })
  const mean = (pick: (one: (typeof scores)[number]) => number, of = scores): number => of.reduce((sum, one) => sum + pick(one), 0) / of.length
  return { scores, mean }
}

const options = (over: Partial<RetrievalOptions> = {}): RetrievalOptions => ({ dim: 2, classes: ['a', 'b'], products: plainProducts, ...over })
const rows = (labels: readonly number[], features: readonly number[], ids?: readonly string[]): LabelledFeatures => ({ labels: Int32Array.from(labels), features: Float32Array.from(features), ids })

describe('one ranking', () => {
  it('is scored as worked out by hand: hits at places 1, 3 and 6 of three', () => {
    const { precision, trapezoid, precisionAtR, first } = scoreRanking([0, 2, 5])
    expect(precision).toBeCloseTo((1 / 1 + 2 / 3 + 3 / 6) / 3, 12)
    expect(trapezoid).toBeCloseTo(((1 + 1) / 2 + (1 / 2 + 2 / 3) / 2 + (2 / 5 + 3 / 6) / 2) / 3, 12)
    expect(precisionAtR).toBeCloseTo((1 / 1 + 2 / 3) / 3, 12)
    expect(first).toBe(0)
  })

  it('puts the first of equally similar ones first, and leaves the query itself out', () => {
    expect([...placesOf(Float32Array.of(0.5, 0.9, 0.5, 0.5, 1), Int32Array.of(2, 3), 4)]).toEqual([2, 3])
    expect([...placesOf(Float32Array.of(0.5, 0.9, 0.5, 0.5, 1), Int32Array.of(0, 3), -1)]).toEqual([2, 4])
  })
})

describe('retrieval', () => {
  it('agrees with full sorts, leave-one-out, across blocks and with the product of the runtime', async () => {
    const classes = ['a', 'b', 'c', 'd', 'e']
    const drawn = clouds(1600, 8, 5, 3)
    const all = { ...drawn, ids: Array.from(drawn.labels, (_, row) => `p${row}`) }
    const { products, release } = await openRowProducts(runtime)
    const found = await retrieval(all, all, { dim: 8, classes, products })
    await release()
    const { scores, mean } = plainScores(all, all, 8)
    expect(found).toMatchObject({ references: 1600, queries: 1600, withoutRelevant: 0, overlap: 1600 })
    expect(found.precision).toBeCloseTo(mean(({ precision }) => precision), 6)
    expect(found.trapezoid).toBeCloseTo(mean(({ trapezoid }) => trapezoid), 6)
    expect(found.precisionAtR).toBeCloseTo(mean(({ atR }) => atR), 6)
    found.recall.forEach(({ k, share }) => { expect(share).toBeCloseTo(mean(({ first }) => Number(first < k)), 12) })
    found.perClass.forEach((one, label) => { expect(one.precision).toBeCloseTo(mean(({ precision }) => precision, scores.filter((score) => score.label === label)), 6) })
    // Among so many the four that are added hardly count.
    const variance = scores.reduce((sum, { precision }) => sum + (precision - found.precision) ** 2, 0) / 1599
    expect(found.precisionError / Math.sqrt(variance / 1600)).toBeCloseTo(1, 1)
    expect(found.precision).toBeGreaterThan(0.25)
    expect(found.precision).toBeLessThan(0.9)
  })

  it('ranks another folder for each query, and counts what has no picture of its class', async () => {
    const references = rows([0, 0, 1], [1, 0, 0.9, 0.1, 0.5, 0.5])
    const queries = rows([0, 1, 1], [1, 0, 1, 0.2, 0, 1])
    // a: hits at 1 and 2. b: the one hit at 3 for the first, at 1 for the second.
    expect(await retrieval(references, queries, options())).toMatchObject({ queries: 3, withoutRelevant: 0, overlap: 0, precision: (1 + 1 / 3 + 1) / 3, perClass: [{ name: 'a', queries: 1, precision: 1 }, { name: 'b', queries: 2, precision: (1 + 1 / 3) / 2 }] })
    const alone = rows([0, 0, 1], [1, 0, 0.9, 0.1, 0.5, 0.5], ['x', 'y', 'z'])
    const found = await retrieval(alone, alone, options())
    expect([found.queries, found.withoutRelevant, found.perClass[1]!.queries]).toEqual([2, 1, 0])
  })

  it('refuses what cannot be ranked, and stops when told', async () => {
    const alone = rows([0, 1], [1, 0, 0, 1], ['x', 'y'])
    expect(await thrownBy(() => retrieval(alone, alone, options()))).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('no picture has another of its class') as string })
    expect(await thrownBy(() => retrieval(rows([], []), alone, options()))).toMatchObject({ code: 'BAD_REQUEST' })
    expect(await thrownBy(() => retrieval(alone, alone, options({ signal: AbortSignal.abort(new Error('enough')) })))).toMatchObject({ message: 'enough' })
  })
})
