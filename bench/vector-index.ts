/** @file The approximate index over a million vectors: how long it takes to build, how quick it answers, how much it finds. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore, type StoredVectors } from '../src/engine/library'
import { clusteredVectors } from './clustered-vectors'
import { peakRssMb, type Measurement } from './report'
import { timed, timesOf } from './search'

const dim = 384
const batch = 10_000
const queries = 200
const nearest = 10
const key = { sha256: '0'.repeat(64), dim, preprocessing: 'made for a benchmark' }

const hashOf = (row: number): string => row.toString(16).padStart(64, '0')

/** In a fresh workspace, gone afterwards. */
export async function benchVectorIndex(count: number, note: (line: string) => void): Promise<Measurement[]> {
  const workspace = await mkdtemp(join(tmpdir(), 'dinoscope-bench-'))
  const store = await openStore(workspace, { mode: 'write' })
  const measurements: Measurement[] = []
  const measure = (name: string, value: number, unit: string): void => {
    measurements.push({ name: `index of ${count} × ${dim}: ${name}`, value, unit, peakRssMb: peakRssMb() })
  }
  try {
    const matrix = clusteredVectors({ count, dim, clusters: Math.ceil(count / 100), seed: 1 })
    const vectors = await store.vectors(key)
    note(`storing ${count} vectors …`)
    let started = performance.now()
    for (let first = 0; first < count; first += batch) {
      const rows: StoredVectors[] = []
      for (let row = first; row < Math.min(count, first + batch); row++) {
        const vector = matrix.subarray(row * dim, (row + 1) * dim)
        rows.push({ hash: hashOf(row), cls: vector, mean: vector })
      }
      await vectors.append(rows)
    }
    measure('stored', (1000 * count) / (performance.now() - started), 'vectors/s')
    note('building the index …')
    started = performance.now()
    await vectors.buildIndex('cls', { signal: new AbortController().signal })
    measure('built', (performance.now() - started) / 1000, 's')

    const stride = Math.floor(count / queries)
    const ask = (query: number, method: 'exact' | 'index') => vectors.nearest(matrix.slice(query * stride * dim, (query * stride + 1) * dim), 'cls', nearest + 1, method)
    const found: string[][] = []
    const ms = await timed(queries, async (query) => {
      found[query] = (await ask(query, 'index')).map(({ hash }) => hash)
    })
    measurements.push(...timesOf(`index of ${count} × ${dim}`, ms))
    note('comparing with exact search …')
    let shared = 0
    // Exact search of a million vectors takes its time: a quarter of the queries says enough.
    for (let query = 0; query < queries; query += 4) {
      const exact = (await ask(query, 'exact')).map(({ hash }) => hash)
      shared += exact.filter((hash) => found[query]?.includes(hash)).length / exact.length
    }
    measure(`recall of the ${nearest} nearest`, shared / (queries / 4), '')
    return measurements
  } finally {
    await store.close()
    await rm(workspace, { recursive: true, force: true })
  }
}
