/** @file Speed and quality of maps: UMAP of 20 000 vectors in three dimensions, by its parts, and PCA of 100 000. */
import { measureMap, nearestNeighbours, projectPca, projectUmap, unitVectors, type VectorSet } from '../src/engine/collection'
import { openRowProducts, type RowProducts } from '../src/engine/inference'
import type { Runtime } from '../src/engine/runtime'
import { clusteredVectors } from './clustered-vectors'
import { peakRssMb, type Measurement } from './report'

const dim = 384
const umap = { count: 20_000, clusters: 200, neighbours: 15, minDist: 0.1, seed: 1, dims: 3 } as const
const pca = { count: 100_000, clusters: 1000, dims: 3, repetitions: 3 } as const

const vectors = (count: number, clusters: number): VectorSet => ({
  dim,
  rows: Uint32Array.from({ length: count }, (_, row) => row),
  matrix: unitVectors(clusteredVectors({ count, dim, clusters, seed: 1 }), dim, 'cls'),
})

const { signal } = new AbortController()
const emit = (): undefined => undefined

async function seconds<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly seconds: number }> {
  const started = performance.now()
  const value = await work()
  return { value, seconds: (performance.now() - started) / 1000 }
}

async function benchUmap(products: RowProducts): Promise<Measurement[]> {
  const { count, clusters, neighbours, dims } = umap
  const set = vectors(count, clusters)
  const title = `UMAP of ${count} × ${dim} in ${dims}D`
  const options = { products, signal, emit }
  await nearestNeighbours(vectors(4096, clusters), neighbours, options)
  const search = await seconds(() => nearestNeighbours(set, neighbours, options))
  const whole = await seconds(() => projectUmap(set, umap, options))
  const measured = await seconds(() => measureMap(set, whole.value, dims, { ...options, neighbours, seed: 1 }))
  const as = (name: string, value: number, unit: string): Measurement => ({ name, value, unit, peakRssMb: peakRssMb() })
  return [
    as(title, whole.seconds, 's'),
    // Each pair is multiplied once.
    { ...as(`${title}, neighbours`, count / search.seconds, 'vectors/s'), gigaflopsPerUnit: (count * dim) / 1e9 },
    as(`${title}, neighbours`, search.seconds, 's'),
    as(`${title}, layout`, whole.seconds - search.seconds, 's'),
    as(`${title}, trustworthiness of ${neighbours} neighbours`, measured.value?.trustworthiness ?? NaN, ''),
    as(`${title}, neighbours kept`, measured.value?.preserved ?? NaN, ''),
    as(`${title}, measuring that`, measured.seconds, 's'),
  ]
}

async function benchPca(products: RowProducts): Promise<Measurement[]> {
  const { count, clusters, dims, repetitions } = pca
  const set = vectors(count, clusters)
  let best = Infinity
  for (let repetition = 0; repetition < repetitions; repetition++) best = Math.min(best, (await seconds(() => projectPca(set, dims, { products, signal, emit }))).seconds)
  // The covariance, by products of whole columns.
  return [{ name: `PCA of ${count} × ${dim} in ${dims}D`, value: count / best, unit: 'vectors/s', gigaflopsPerUnit: (2 * dim * dim) / 1e9, peakRssMb: peakRssMb() }]
}

export async function benchProjection(runtime: Runtime): Promise<Measurement[]> {
  const { products, release } = await openRowProducts(runtime)
  try {
    return [...(await benchPca(products)), ...(await benchUmap(products))]
  } finally {
    await release()
  }
}
