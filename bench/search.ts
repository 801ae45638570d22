/** @file Speed of search: one vector against 100 000, patches against those of 10 000 pictures, as the app does both. */
import { openCodeProducts, packPatches, patchQuery, searchPatches, searchVectors, unitVectors, type VectorSet } from '../src/engine/collection'
import { openRowProducts } from '../src/engine/inference'
import type { PatchBasis, StoredPatches } from '../src/engine/library'
import type { Runtime } from '../src/engine/runtime'
import { clusteredVectors, quickRandom } from './clustered-vectors'
import { peakRssMb, quantile, type Measurement } from './report'

const vectors = { count: 100_000, dim: 384, clusters: 1000, queries: 200, top: 100 } as const
const patches = { pictures: 10_000, grid: 16, dim: 384, dims: 64, queries: 40, top: 20 } as const

/** Median and 95th percentile of times, milliseconds. */
export function timesOf(name: string, ms: readonly number[]): Measurement[] {
  return [0.5, 0.95].map((share) => ({ name: `${name}, p${100 * share}`, value: quantile(ms, share), unit: 'ms', peakRssMb: peakRssMb() }))
}

/** Times of `queries` runs of `work`, after one that warms up. */
export async function timed(queries: number, work: (query: number) => Promise<unknown>): Promise<readonly number[]> {
  await work(0)
  const ms: number[] = []
  for (let query = 0; query < queries; query++) {
    const started = performance.now()
    await work(query)
    ms.push(performance.now() - started)
  }
  return ms
}

async function benchVectors(runtime: Runtime): Promise<Measurement[]> {
  const { count, dim, clusters, queries, top } = vectors
  const { products, release } = await openRowProducts(runtime)
  try {
    const set: VectorSet = { dim, rows: Uint32Array.from({ length: count }, (_, row) => row), matrix: unitVectors(clusteredVectors({ count, dim, clusters, seed: 1 }), dim, 'cls') }
    const stride = Math.floor(count / queries)
    const ms = await timed(queries, (query) => {
      const row = query * stride
      return searchVectors(set, set.matrix.slice(row * dim, (row + 1) * dim), { top, without: new Set([row]), products })
    })
    return timesOf(`search of ${count} × ${dim}, exact`, ms)
  } finally {
    await release()
  }
}

/** Codes and axes of no picture in particular; speed does not depend on their values. */
function somePatches(): { readonly basis: PatchBasis; readonly stored: readonly StoredPatches[] } {
  const { pictures, grid, dim, dims } = patches
  const random = quickRandom(2)
  const axes = new Float32Array(dims * dim)
  for (let axis = 0; axis < dims; axis++) axes[axis * dim + axis] = 1
  const stored = Array.from({ length: pictures }, (_, picture) => ({
    hash: picture.toString(16).padStart(64, '0'),
    gridHeight: grid,
    gridWidth: grid,
    scale: 0.004,
    codes: Int8Array.from({ length: grid * grid * dims }, () => Math.floor(random() * 255) - 127),
  }))
  return { basis: { dim, dims, mean: new Float32Array(dim).fill(0.01), axes, explained: 1 }, stored }
}

async function benchPatches(runtime: Runtime): Promise<Measurement[]> {
  const { pictures, dim, queries, top } = patches
  const products = await openCodeProducts(runtime)
  const { basis, stored } = somePatches()
  const chunks = [...packPatches(stored, basis)]
  const random = quickRandom(3)
  const query = (count: number) => patchQuery(Float32Array.from({ length: count * dim }, () => random() - 0.5), basis)
  const measured: Measurement[] = []
  for (const [what, count] of [['one patch', 1], ['a region of 25 patches', 25]] as const) {
    const ms = await timed(queries, () => searchPatches(chunks, query(count), { top, products }))
    measured.push(...timesOf(`search of ${pictures} pictures by ${what}`, ms))
  }
  return measured
}

export async function benchSearch(runtime: Runtime): Promise<Measurement[]> {
  return [...(await benchVectors(runtime)), ...(await benchPatches(runtime))]
}
