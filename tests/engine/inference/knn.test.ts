import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { knn, normaliseRows, openRowProducts, type KnnOptions, type LabelledFeatures, type RowProducts } from '../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { clouds } from '../../helpers/class-clouds'
import { thrownBy } from '../../helpers/thrown'
import { plainProducts } from '../../helpers/vector-sets'

/** dino/eval_knn.py over full sorts: the winner for each query. */
function plainWinners(references: LabelledFeatures, queries: LabelledFeatures, dim: number, classes: number, k: number): number[] {
  const [left, right] = [normaliseRows(queries.features, dim), normaliseRows(references.features, dim)]
  return Array.from(queries.labels, (_, query) => {
    const similarity = (row: number): number => Array.from({ length: dim }, (_value, index) => left[query * dim + index]! * right[row * dim + index]!).reduce((sum, value) => sum + value, 0)
    const nearest = Array.from(references.labels, (label, row) => ({ label, row, similarity: similarity(row) }))
      .sort((a, b) => b.similarity - a.similarity || a.row - b.row)
      .slice(0, k)
    const votes = Array.from({ length: classes }, (_value, label) => nearest.filter((one) => one.label === label).reduce((sum, one) => sum + Math.exp(one.similarity / 0.07), 0))
    return votes.indexOf(Math.max(...votes))
  })
}

const options = (over: Partial<KnnOptions> = {}): KnnOptions => ({ dim: 2, classes: ['a', 'b'], ks: [1], products: plainProducts, ...over })
const rows = (labels: readonly number[], features: readonly number[], ids?: readonly string[]): LabelledFeatures => ({ labels: Int32Array.from(labels), features: Float32Array.from(features), ids })

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
})
afterAll(() => runtime.dispose())

describe('k-NN', () => {
  it('agrees with full sorts for several k, across blocks and with the product of the runtime', async () => {
    const classes = ['a', 'b', 'c', 'd', 'e']
    const references = clouds(300, 16, 5, 1)
    const queries = clouds(150, 16, 5, 2)
    const { products, release } = await openRowProducts(runtime)
    const result = await knn(references, queries, { dim: 16, classes, ks: [20, 1, 5, 500], products })
    await release()
    for (const { k, correct, confusion } of result.scores) {
      const winners = plainWinners(references, queries, 16, 5, k)
      const expected = new Uint32Array(25)
      queries.labels.forEach((label, query) => expected[label * 5 + winners[query]!]!++)
      expect({ k, correct, confusion }).toEqual({ k, correct: winners.filter((label, query) => label === queries.labels[query]).length, confusion: expected })
    }
    expect(result.scores.map(({ accuracy }) => accuracy > 0.3 && accuracy < 0.99)).toEqual([true, true, true, true])
  })

  it('finds the same neighbours when the references come in several blocks', async () => {
    const references = clouds(9000, 4, 3, 3)
    const queries = clouds(40, 4, 3, 4)
    const blocks: number[] = []
    const products: RowProducts = (left, right, dim) => {
      blocks.push(right.length / dim)
      return plainProducts(left, right, dim)
    }
    const { scores } = await knn(references, queries, { dim: 4, classes: ['a', 'b', 'c'], ks: [10], products })
    const winners = plainWinners(references, queries, 4, 3, 10)
    expect({ blocks, correct: scores[0]?.correct }).toEqual({ blocks: [8192, 808], correct: winners.filter((label, query) => label === queries.labels[query]).length })
  })

  it('counts per class and says what could not be right', async () => {
    const references = rows([0, 1], [1, 0, 0, 1])
    const queries = rows([0, 0, 1, 2], [2, 0.1, 0, 3, 0.2, 1, 5, 0])
    const result = await knn(references, queries, options({ classes: ['a', 'b', 'c'] }))
    expect(result).toEqual({
      references: 2,
      queries: 4,
      overlap: 0,
      withoutReference: 1,
      scores: [
        {
          k: 1,
          correct: 2,
          accuracy: 0.5,
          perClass: [
            { name: 'a', queries: 2, correct: 1 },
            { name: 'b', queries: 1, correct: 1 },
            { name: 'c', queries: 1, correct: 0 },
          ],
          confusion: Uint32Array.from([1, 1, 0, 0, 1, 0, 1, 0, 0]),
        },
      ],
    })
  })

  it('weighs votes by similarity: one near neighbour outvotes two far ones', async () => {
    const references = rows([0, 1, 1], [1, 0, 0.7, 0.7, 0.7, 0.7])
    const { scores } = await knn(references, rows([0], [1, 0.01]), options({ ks: [3] }))
    expect(scores[0]?.correct).toBe(1)
  })

  it('never lets a picture vote for itself', async () => {
    const features = [1, 0, 0.99, 0.1, 0, 1]
    const set = rows([0, 1, 0], features, ['x', 'y', 'z'])
    const { overlap, scores } = await knn(set, set, options())
    expect({ overlap, correct: scores[0]?.correct, confusion: scores[0]?.confusion }).toEqual({ overlap: 3, correct: 0, confusion: Uint32Array.from([0, 2, 1, 0]) })
  })

  it('decides between equal neighbours and equal votes by order', async () => {
    const references = rows([1, 0], [1, 0, 1, 0])
    const { scores } = await knn(references, rows([1], [1, 0]), options({ ks: [1, 2] }))
    expect(scores.map(({ correct }) => correct)).toEqual([1, 0])
  })

  it('survives features that are no numbers, which name no class', async () => {
    const { scores } = await knn(rows([0], [1, 0]), rows([0, 0], [NaN, NaN, 1, 0]), options())
    expect(scores[0]).toMatchObject({ correct: 1, accuracy: 0.5 })
  })

  it.each([
    ['no references', rows([], []), rows([0], [1, 0]), options(), 'BAD_REQUEST', 'knn: there are no references'],
    ['a k of zero', rows([0], [1, 0]), rows([0], [1, 0]), options({ ks: [0] }), 'BAD_REQUEST', 'knn: k is 0; a whole number of at least 1 is needed'],
    ['a label without a class', rows([2], [1, 0]), rows([0], [1, 0]), options(), 'INTERNAL', 'knn: references have label 2; there are 2 classes'],
    ['features of another length', rows([0], [1, 0, 3]), rows([0], [1, 0]), options(), 'INTERNAL', 'knn: 3 values are not 1 references of 2'],
  ])('refuses %s', async (_what, references, queries, asked, code, message) => {
    expect(await thrownBy(() => knn(references, queries, asked))).toMatchObject({ code, message })
  })

  it('stops when cancelled', async () => {
    const set = rows([0], [1, 0])
    expect(await thrownBy(() => knn(set, set, options({ signal: AbortSignal.abort(new Error('enough')) })))).toMatchObject({ message: 'enough' })
  })
})
