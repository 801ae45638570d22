import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { positionOf, searchQuery, searchVectors, topScores, unitVectors, type VectorSet } from '../../../src/engine/collection'
import { openRowProducts, type RowProducts } from '../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { randomStream } from '../../../src/engine/tensor'
import { thrownBy } from '../../helpers/thrown'

let runtime: Runtime
let products: RowProducts
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
  products = (await openRowProducts(runtime)).products
})
afterAll(() => runtime.dispose())

/** Every second row of a folder has a vector. */
function randomSet(count: number, dim: number, seed: number): VectorSet {
  const random = randomStream(seed)
  return { dim, rows: Uint32Array.from({ length: count }, (_, index) => 2 * index), matrix: unitVectors(Float32Array.from({ length: count * dim }, () => random.normal()), dim, 'cls') }
}

const plainOrder = (scores: Float32Array): number[] => [...scores.keys()].filter((position) => scores[position] !== -Infinity).sort((a, b) => scores[b]! - scores[a]! || a - b)

describe('the largest scores', () => {
  it.each([0, 1, 2, 7, 64, 999, 1000, 5000])('are those of a full sort when %i of 1000 are wanted, equal ones by position', (top) => {
    const random = randomStream(top)
    // Few different values, so that many are equal.
    const scores = Float32Array.from({ length: 1000 }, () => (random.uniform() < 0.1 ? -Infinity : Math.floor(random.uniform() * 40) - 20))
    expect([...topScores(scores, top)]).toEqual(plainOrder(scores).slice(0, top))
  })

  it('are none of none', () => {
    expect([topScores(new Float32Array(0), 5), topScores(Float32Array.of(-Infinity), 5)]).toEqual([new Uint32Array(0), new Uint32Array(0)])
  })
})

describe('a query of several examples', () => {
  const [right, up, left] = [Float32Array.of(1, 0), Float32Array.of(0, 1), Float32Array.of(-1, 0)]

  it('points between the positive ones and away from the negative ones, at unit length', () => {
    const rounded = (vector: Float32Array): number[] => [...vector].map((value) => Number(value.toFixed(4)))
    expect([searchQuery([right], []), searchQuery([right, up], []), searchQuery([right], [up]), searchQuery([right], [up, left])].map(rounded)).toEqual([
      [1, 0],
      [0.7071, 0.7071],
      [0.8944, -0.4472],
      [0.9806, -0.1961],
    ])
  })

  it('is refused without a positive one, and where nothing is left', async () => {
    expect(await thrownBy(() => searchQuery([], [up]))).toMatchObject({ code: 'BAD_REQUEST', message: 'a search needs at least one example that is to be found more of' })
    expect(await thrownBy(() => searchQuery([right, left], []))).toMatchObject({ code: 'BAD_REQUEST', message: 'these examples cancel each other; take one of them away' })
  })
})

describe('exact search', () => {
  it('finds what a float64 loop finds, in rows of the folder, without those that are left out', async () => {
    const set = randomSet(3000, 24, 5)
    const query = set.matrix.slice(24 * 10, 24 * 11)
    const plain = Array.from({ length: 3000 }, (_, position) => {
      let sum = 0
      for (let index = 0; index < 24; index++) sum += set.matrix[position * 24 + index]! * query[index]!
      return { row: 2 * position, cosine: sum }
    })
      .filter(({ row }) => row !== 20)
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, 15)
    // Row 21 has no vector, so leaving it out changes nothing.
    const { rows, cosines } = await searchVectors(set, query, { top: 15, without: new Set([20, 21]), products })
    expect([...rows]).toEqual(plain.map(({ row }) => row))
    expect(Math.max(...plain.map(({ cosine }, index) => Math.abs(cosine - cosines[index]!)))).toBeLessThan(1e-6)
  })

  it('goes through large sets in blocks and stops between them when cancelled', async () => {
    const dim = 2 ** 12
    // A block holds 4096 vectors of this length.
    const set: VectorSet = { dim, rows: Uint32Array.from({ length: 4100 }, (_, row) => row), matrix: new Float32Array(4100 * dim) }
    set.matrix[4099 * dim] = 1
    const query = new Float32Array(dim)
    query[0] = 1
    expect(await searchVectors(set, query, { top: 2, without: new Set(), products })).toEqual({ rows: Uint32Array.of(4099, 0), cosines: Float32Array.of(1, 0) })
    const controller = new AbortController()
    const cancelling: RowProducts = (left, right, of) => {
      controller.abort(new Error('enough'))
      return products(left, right, of)
    }
    await expect(searchVectors(set, query, { top: 2, without: new Set(), products: cancelling, signal: controller.signal })).rejects.toThrow('enough')
  })

  it('refuses a vector of another model', async () => {
    expect(await thrownBy(() => searchVectors(randomSet(3, 4, 1), new Float32Array(5), { top: 1, without: new Set(), products }))).toMatchObject({ code: 'INTERNAL' })
  })

  it('knows where a row is', () => {
    const rows = Uint32Array.of(1, 4, 9, 1000)
    expect([0, 1, 4, 5, 1000, 2000].map((row) => positionOf(rows, row))).toEqual([-1, 0, 1, -1, 3, -1])
    expect(positionOf(new Uint32Array(0), 0)).toBe(-1)
  })
})
