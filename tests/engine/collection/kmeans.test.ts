import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kMeans, type KMeansOptions, type VectorSet } from '../../../src/engine/collection'
import { seedPositions } from '../../../src/engine/collection/kmeans-seeding'
import { openRowProducts, type RowProducts } from '../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { randomStream, randomStreamAt } from '../../../src/engine/tensor'
import { thrownBy } from '../../helpers/thrown'
import { blobs, byAppearance, plainProducts, randomSet, vectorSet } from '../../helpers/vector-sets'

const { signal } = new AbortController()
const options = (over: Partial<KMeansOptions> = {}): KMeansOptions => ({ clusters: 3, restarts: 1, seed: 1, products: plainProducts, signal, ...over })

/** Lloyd's iterations in float64 from given centres until nothing changes. */
function lloyd({ dim, rows, matrix }: VectorSet, seeds: readonly number[]): { labels: number[]; meanCosine: number } {
  const vectors = Array.from(rows, (_, row) => Array.from(matrix.subarray(row * dim, row * dim + dim)))
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0)
  let centres = seeds.map((seed) => vectors[seed]!)
  let labels: number[] = []
  for (;;) {
    const next = vectors.map((vector) => centres.reduce((best, centre, index) => (dot(vector, centre) > dot(vector, centres[best]!) ? index : best), 0))
    const meanCosine = vectors.reduce((sum, vector, row) => sum + dot(vector, centres[next[row]!]!), 0) / vectors.length
    if (next.every((label, row) => label === labels[row])) return { labels, meanCosine }
    labels = next
    centres = centres.map((_, cluster) => {
      const sum = vectors.filter((_vector, row) => labels[row] === cluster).reduce((total, vector) => total.map((value, index) => value + vector[index]!), Array<number>(dim).fill(0))
      const length = Math.sqrt(dot(sum, sum))
      return sum.map((value) => value / length)
    })
  }
}

let runtime: Runtime
let products: RowProducts
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
  products = (await openRowProducts(runtime)).products
})
afterAll(() => runtime.dispose())

describe('k-means', () => {
  it('finds blobs, whatever their sizes', async () => {
    const { set, labels } = blobs([300, 20, 80, 150], 16, 0.3, 4)
    const result = await kMeans(set, options({ clusters: 4, restarts: 5, products }))
    expect({ clusters: result.clusters, labels: byAppearance(result.labels) }).toEqual({ clusters: 4, labels: [...labels] })
  })

  it('goes where Lloyd in float64 goes from the same beginning', async () => {
    // Fewer than a thousand: it settles only when nothing changes.
    const set = randomSet(700, 8, 5)
    const seeds = await seedPositions(set, 9, randomStreamAt(3, 'cluster', 0), options())
    const expected = lloyd(set, seeds)
    const { labels, meanCosine, centres } = await kMeans(set, options({ clusters: 9, seed: 3, products }))
    expect([...labels]).toEqual(expected.labels)
    expect(meanCosine).toBeCloseTo(expected.meanCosine, 6)
    expect(centres.length).toBe(9 * 8)
  })

  it('is the same for the same seed and takes the best of its beginnings', async () => {
    const { set } = blobs(Array<number>(12).fill(40), 12, 0.9, 6)
    const [once, again] = [await kMeans(set, options({ clusters: 12, restarts: 4, products })), await kMeans(set, options({ clusters: 12, restarts: 4, products }))]
    expect(again).toEqual(once)
    const single = await kMeans(set, options({ clusters: 12, restarts: 1, products }))
    expect(once.meanCosine).toBeGreaterThanOrEqual(single.meanCosine)
    const others = await Promise.all([2, 3, 4, 5].map(async (seed) => (await kMeans(set, options({ clusters: 12, seed, products }))).meanCosine))
    expect(new Set(others).size).toBeGreaterThan(1)
  })

  it('gives an empty cluster the vector farthest from its own centre', async () => {
    // Two of three centres begin at the same place: what lies farthest away becomes the third.
    const corner = (angle: number): number[] => [Math.cos(angle), Math.sin(angle)]
    const set = vectorSet(2, Float32Array.from([0, 0.01, 0.02, 1, 1.01, 1.02, 2.5].flatMap(corner)))
    // A product that takes the third centre for the second in the first round.
    let round = 0
    const confused: RowProducts = async (left, right, dim) => {
      const found = await plainProducts(left, right, dim)
      if (right.length === 3 * dim && round++ === 0) for (let row = 0; row < left.length / dim; row++) found[3 * row + 2] = -2
      return found
    }
    const { clusters, labels } = await kMeans(set, options({ products: confused }))
    expect({ clusters, sizes: [0, 1, 2].map((label) => labels.filter((one) => one === label).length).sort() }).toEqual({ clusters: 3, sizes: [1, 3, 3] })
  })

  it('gives fewer clusters where there are not so many different vectors', async () => {
    const set = vectorSet(2, Float32Array.from([1, 0, 1, 0, 0, 1, 0, 1, 0, 1]))
    const { clusters, labels } = await kMeans(set, options({ clusters: 4 }))
    expect({ clusters, labels: byAppearance(labels) }).toEqual({ clusters: 2, labels: [0, 0, 1, 1, 1] })
    expect((await kMeans(vectorSet(2, Float32Array.of(3, 4)), options())).clusters).toBe(1)
  })

  it('draws several centres at a time when there are many, none of them twice', async () => {
    const set = randomSet(2000, 6, 8)
    const seeds = await seedPositions(set, 500, randomStream(1), options({ products }))
    expect({ seeds: seeds.length, different: new Set(seeds).size }).toEqual({ seeds: 500, different: 500 })
  })

  it('draws far vectors rather than near ones', async () => {
    // 990 vectors in one direction, 10 in the opposite one: by chance alone these would be second in one of a hundred.
    const set = vectorSet(2, Float32Array.from(Array.from({ length: 1000 }, (_, row) => (row < 990 ? [1, 0.001 * (row % 7)] : [-1, 0])).flat()))
    const second = await Promise.all(Array.from({ length: 20 }, async (_, seed) => (await seedPositions(set, 2, randomStream(seed), options()))[1]!))
    expect(second.filter((position) => position >= 990).length).toBeGreaterThan(17)
  })

  it('tells how far it is and stops when cancelled', async () => {
    const controller = new AbortController()
    const shares: number[] = []
    await kMeans(randomSet(200, 4, 1), options({ restarts: 2, onProgress: (share) => shares.push(share) }))
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
    expect(shares.at(-1)).toBe(1)
    const stopped = kMeans(randomSet(200, 4, 1), options({ restarts: 100, signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) }))
    expect(await thrownBy(() => stopped)).toEqual(new Error('enough'))
    expect(await thrownBy(() => kMeans(vectorSet(4, new Float32Array(0)), options()))).toMatchObject({ code: 'BAD_REQUEST' })
  })
})
