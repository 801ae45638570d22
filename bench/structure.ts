/** @file Speed of structure: clusters of 100 000 vectors, and pairs of 100 000 pictures that look alike. */
import { kMeans, findDuplicates, looksOf, unitVectors, type VectorSet } from '../src/engine/collection'
import { openRowProducts } from '../src/engine/inference'
import type { Runtime } from '../src/engine/runtime'
import { clusteredVectors, quickRandom } from './clustered-vectors'
import { peakRssMb, type Measurement } from './report'

const shape = { count: 100_000, dim: 384, clusters: 100 } as const

/** One of ten pictures is another again with a few bits turned; the others look like nothing else. */
function someLooks(count: number): readonly string[] {
  const random = quickRandom(3)
  const word = (): number => Math.floor(random() * 2 ** 32)
  const hex = (high: number, low: number): string => (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0')
  const looks = Array.from({ length: count }, (): readonly [number, number] => [word(), word()])
  return looks.map(([high, low], item) => {
    const [otherHigh, otherLow] = looks[Math.max(0, item - 1)]!
    return item % 10 === 0 ? hex(otherHigh ^ (1 << (item % 31)), otherLow ^ (1 << (item % 29))) : hex(high, low)
  })
}

/** Seconds of one beginning of k-means, and of comparing all looks. */
export async function benchStructure(runtime: Runtime): Promise<Measurement[]> {
  const { count, dim, clusters } = shape
  const { products, release } = await openRowProducts(runtime)
  const { signal } = new AbortController()
  const rows = Uint32Array.from({ length: count }, (_, row) => row)
  try {
    const set: VectorSet = { dim, rows, matrix: unitVectors(clusteredVectors({ count, dim, clusters: 1000, seed: 1 }), dim, 'cls') }
    let started = performance.now()
    await kMeans(set, { clusters, restarts: 1, seed: 1, products, signal })
    const kMeansSeconds = (performance.now() - started) / 1000
    const looks = looksOf(someLooks(count))
    started = performance.now()
    await findDuplicates({ rows, hashes: Array.from(rows, String), looks }, undefined, { products, signal, floor: 1 })
    const looksSeconds = (performance.now() - started) / 1000
    return [
      { name: `k-means of ${count} × ${dim} into ${clusters}, one beginning`, value: kMeansSeconds, unit: 's', peakRssMb: peakRssMb() },
      { name: `pairs of ${count} looks`, value: looksSeconds, unit: 's', peakRssMb: peakRssMb() },
    ]
  } finally {
    await release()
  }
}
