/** @file Rows on their way into the store: together, but never for long, and none forgotten. */
import { describe, expect, it } from 'vitest'
import { createStoreBatches } from '../../../src/engine/host/store-batches'
import type { PatchTable, StoredPatches, StoredVectors, VectorTable } from '../../../src/engine/library'

const vectors = (hash: string): StoredVectors => ({ hash, cls: Float32Array.of(1), mean: Float32Array.of(2) })
const patches = (hash: string): StoredPatches => ({ hash, gridHeight: 1, gridWidth: 1, codes: Int8Array.of(1), scale: 1 })

/** Tables that write down what is appended, and fail while they are told to. */
function recordingTables() {
  const log: string[] = []
  const full = { vectors: false }
  const record = (kind: string) => (rows: readonly { readonly hash: string }[]): Promise<void> => {
    if (kind === 'vectors' && full.vectors) return Promise.reject(new Error('no space'))
    log.push(`${kind} ${rows.map(({ hash }) => hash).join('')}`)
    return Promise.resolve()
  }
  return { log, full, vectorTable: { append: record('vectors') } as unknown as VectorTable, patchTable: { append: record('patches') } as unknown as PatchTable }
}

describe('createStoreBatches', () => {
  it('appends when there are enough rows, vectors before patches, and the rest when it is asked to', async () => {
    const { log, vectorTable, patchTable } = recordingTables()
    const batches = createStoreBatches(vectorTable, patchTable, { rows: 2, ms: 1e9 })
    await batches.add(vectors('a'), [patches('a')])
    await batches.add(vectors('b'), [])
    await batches.add(undefined, [patches('c')])
    await batches.flush()
    await batches.flush()
    expect(log).toEqual(['vectors ab', 'patches a', 'patches c'])
  })

  it('appends few rows when they have waited long enough', async () => {
    const { log, vectorTable } = recordingTables()
    let now = 0
    const batches = createStoreBatches(vectorTable, undefined, { rows: 100, ms: 3000 }, () => now)
    for (const [time, hash] of [[0, 'a'], [2999, 'b'], [3000, 'c'], [5000, 'd'], [6000, 'e']] as const) {
      now = time
      await batches.add(vectors(hash), [])
    }
    expect(log).toEqual(['vectors abc', 'vectors de'])
  })

  it('keeps what the store refused, for another try', async () => {
    const { log, full, vectorTable } = recordingTables()
    const batches = createStoreBatches(vectorTable, undefined, { rows: 1, ms: 1e9 })
    full.vectors = true
    await expect(batches.add(vectors('a'), [])).rejects.toThrow('no space')
    full.vectors = false
    await batches.flush()
    expect(log).toEqual(['vectors a'])
  })
})
