/** @file Approximate indexes of vectors, by LanceDB: when they are worth it, how they are built, asked and told of. */
import { EngineError, type Pooling } from '../../contract'
import { saveFile } from '../../files'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { KeyedTable } from './keyed-table'
import { indexKinds, isLanceError } from './lance'
import type { Probing } from './nearest-vectors'
import { partsOf, type Part } from './pooled-parts'
import type { VectorTable } from './store'

export interface VectorIndex {
  /** How to ask the index of a pooling; undefined where there is none. */
  probing(pooling: Pooling): Promise<Probing | undefined>
  /** Does `search`; an index that cannot be read is dropped and told of, and `instead` done. */
  guard<T>(pooling: Pooling, search: () => Promise<T>, instead: () => Promise<T>): Promise<T>
  build: VectorTable['buildIndex']
  info: VectorTable['indexed']
}

export interface VectorIndexOptions {
  readonly table: KeyedTable
  readonly dim: number
  /** Where it is kept when each index was built. */
  readonly recordPath: string
  readonly writable: boolean
  onMended(what: string): void
}

/** Below it there is nothing to learn from, and nothing to gain. */
export const fewestIndexed = 1000

const recordSchema = z.partialRecord(z.enum(['cls', 'mean']), z.object({ builtAt: z.string(), partitions: z.number().int().positive() }))
type IndexRecord = z.infer<typeof recordSchema>

/** LanceDB's name for it. */
function nameOf(part: Part): string {
  return `${part}_idx`
}

/** As many as make a partition some thousand vectors. */
function partitionsFor(vectors: number): number {
  return Math.max(1, Math.min(1024, Math.round(vectors / 4096)))
}

export function createVectorIndex({ table, dim, recordPath, writable, onMended }: VectorIndexOptions): VectorIndex {
  const readRecord = async (): Promise<IndexRecord> => {
    try {
      return recordSchema.safeParse(JSON.parse(await readFile(recordPath, 'utf8'))).data ?? {}
    } catch {
      // Whoever wants the index builds it again.
      return {}
    }
  }
  const changeRecord = async (change: IndexRecord): Promise<void> => {
    await saveFile(recordPath, `${JSON.stringify({ ...(await readRecord()), ...change })}\n`)
  }
  const drop = (part: Part): Promise<unknown> =>
    table.change(async (lance) => {
      if ((await lance.listIndices()).some(({ name }) => name === nameOf(part))) await lance.dropIndex(nameOf(part))
      await changeRecord({ [part]: undefined })
    })
  const infoOf = async (part: Part): Promise<{ readonly vectors: number; readonly builtAt: string; readonly partitions: number } | undefined> => {
    const record = (await readRecord())[part]
    if (record === undefined) return undefined
    const stats = await table.use((lance) => lance.indexStats(nameOf(part)))
    return stats === undefined ? undefined : { vectors: stats.numIndexedRows, ...record }
  }
  const buildPart = (part: Part): Promise<unknown> =>
    table.change(async (lance) => {
      const vectors = await lance.countRows()
      if (vectors < fewestIndexed)
        throw new EngineError('BAD_REQUEST', `an index needs ${fewestIndexed} vectors, there are ${vectors}; exact search is quicker`, { detail: { vectors, fewest: fewestIndexed } })
      const partitions = partitionsFor(vectors)
      const kinds = await indexKinds()
      await lance.createIndex(part, { config: kinds.ivfPq({ distanceType: 'cosine', numPartitions: partitions, numSubVectors: dim / 4 }), replace: true })
      await changeRecord({ [part]: { builtAt: new Date().toISOString(), partitions } })
    })

  return {
    probing: async (pooling) => {
      const parts = await Promise.all(partsOf(pooling).map(infoOf))
      return parts.includes(undefined) ? undefined : { partitions: 16, candidates: 4 }
    },
    guard: async (pooling, search, instead) => {
      try {
        return await search()
      } catch (error) {
        if (!isLanceError((error as Error).cause)) throw error
        onMended(`the index of ${pooling} vectors was damaged; search is exact until it is built again`)
        if (writable) for (const part of partsOf(pooling)) await drop(part)
        return instead()
      }
    },
    build: async (pooling, { signal, onProgress }) => {
      const parts = partsOf(pooling)
      for (const [done, part] of parts.entries()) {
        signal.throwIfAborted()
        onProgress?.(done / parts.length)
        await untilAborted(buildPart(part), signal, () => drop(part))
      }
      onProgress?.(1)
    },
    info: async (pooling) => {
      const [first, second] = await Promise.all(partsOf(pooling).map(infoOf))
      if (first === undefined || second === undefined) return first
      return { vectors: Math.min(first.vectors, second.vectors), builtAt: first.builtAt < second.builtAt ? first.builtAt : second.builtAt }
    },
  }
}

/** LanceDB cannot be told to stop: whoever cancels goes on at once, and what comes of the work later is undone. */
async function untilAborted(work: Promise<unknown>, signal: AbortSignal, undo: () => Promise<unknown>): Promise<void> {
  let stop: () => void = () => undefined
  const aborted = new Promise<void>((resolve) => {
    stop = resolve
    signal.addEventListener('abort', stop, { once: true })
  })
  await Promise.race([work, aborted]).finally(() => {
    signal.removeEventListener('abort', stop)
  })
  if (!signal.aborted) return
  work.then(undo).catch(() => undefined)
  signal.throwIfAborted()
}
