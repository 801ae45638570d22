/** @file Approximate indexes of vectors, by LanceDB: when they are worth it, how they are built, asked and told of. */
import { readFile } from 'node:fs/promises'
import type { Index } from '@lancedb/lancedb'
import { z } from 'zod'
import { EngineError, type Pooling } from '../../contract'
import { saveFile } from '../../files'
import type { KeyedTable } from './keyed-table'
import { indexKinds, isLanceError, systemCodeOf } from './lance'
import type { Probing } from './nearest-vectors'
import { partsOf, type Part } from './pooled-parts'
import type { VectorTable } from './store'

export interface VectorIndex {
  /**
   * Does `search` with the index of a pooling. One that cannot be read is dropped and told of, and `instead` done.
   * @throws EngineError NOT_FOUND where there is none
   */
  use<T>(pooling: Pooling, search: (probing: Probing) => Promise<T>, instead: () => Promise<T>): Promise<T>
  build: VectorTable['buildIndex']
  info: VectorTable['indexed']
}

export interface VectorIndexOptions {
  readonly table: KeyedTable
  /** Where it is kept when each index was built. */
  readonly recordPath: string
  readonly writable: boolean
  onMended(what: string): void
}

/** Below it there is nothing to learn from, and nothing to gain. */
export const fewestIndexed = 1000

/** What an index was built over, and when (ISO 8601). */
const partSchema = z.object({ builtAt: z.string(), vectors: z.number().int().positive() })
type IndexedPart = z.infer<typeof partSchema>
const recordSchema = z.partialRecord(z.enum(['cls', 'mean']), partSchema)
type IndexRecord = z.infer<typeof recordSchema>

/** LanceDB's name for it. */
function nameOf(part: Part): string {
  return `${part}_idx`
}

/** As many partitions as make each some ten thousand vectors. */
function partitionsFor(vectors: number): number {
  return Math.max(1, Math.round(vectors / 32_768))
}

/** Partitions that are looked into, and candidates of which the nearest are told by their vectors: measured over a million, see docs/decisions.md. */
const probed = 8
const candidates = (top: number): number => 2 * top + 100

/**
 * A graph in each partition over a byte for each direction. Bits for directions (IVF_RQ) would be built in a tenth of the
 * time, but LanceDB 0.30 finds half of the neighbours by them once a single row has been deleted or added.
 */
async function configFor(partitions: number): Promise<Index> {
  return (await indexKinds()).hnswSq({ distanceType: 'cosine', numPartitions: partitions, m: 12, efConstruction: 100, sampleRate: 64, maxIterations: 20 })
}

export function createVectorIndex({ table, recordPath, writable, onMended }: VectorIndexOptions): VectorIndex {
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
      await lance.dropIndex(nameOf(part)).catch((error: unknown) => {
        // There is none, or it is beyond dropping; what has no record is not asked.
        if (!isLanceError(error)) throw error
      })
      await changeRecord({ [part]: undefined })
    })
  /** What is recorded of all parts of a pooling; undefined unless each has an index. */
  const recordsOf = async (pooling: Pooling): Promise<readonly IndexedPart[] | undefined> => {
    const record = await readRecord()
    const found = partsOf(pooling).map((part) => record[part]).filter((one) => one !== undefined)
    return found.length === partsOf(pooling).length ? found : undefined
  }
  /** LanceDB leaves out of its list what it cannot read; a table that went back to an earlier version may not have it either. */
  const areThere = async (pooling: Pooling): Promise<boolean> => {
    const names = await table.use(async (lance) => (await lance.listIndices()).map(({ name }) => name))
    return names !== undefined && partsOf(pooling).every((part) => names.includes(nameOf(part)))
  }
  const requireEnough = async (): Promise<void> => {
    const vectors = (await table.keys()).size
    if (vectors < fewestIndexed)
      throw new EngineError('BAD_REQUEST', `an index needs ${fewestIndexed} vectors, there are ${vectors}; exact search is quicker`, { detail: { vectors, fewest: fewestIndexed } })
  }
  const buildPart = (part: Part): Promise<unknown> =>
    table.change(async (lance) => {
      const vectors = await lance.countRows()
      await lance.createIndex(part, { config: await configFor(partitionsFor(vectors)), replace: true })
      await changeRecord({ [part]: { builtAt: new Date().toISOString(), vectors } })
    })

  return {
    use: async (pooling, search, instead) => {
      if ((await recordsOf(pooling)) === undefined) throw new EngineError('NOT_FOUND', `there is no index of ${pooling} vectors; build it first`, { detail: { pooling } })
      const lost = async (): Promise<void> => {
        onMended(`the index of ${pooling} vectors was damaged; search is exact until it is built again`)
        if (writable) for (const part of partsOf(pooling)) await drop(part)
      }
      try {
        if (!(await areThere(pooling))) {
          await lost()
          return await instead()
        }
        return await search({ partitions: probed, candidates })
      } catch (error) {
        const { cause } = error as Error
        if (!isLanceError(cause) || systemCodeOf(cause) !== undefined) throw error
        await lost()
        return instead()
      }
    },
    build: async (pooling, { signal, onProgress }) => {
      await requireEnough()
      const parts = partsOf(pooling)
      for (const [done, part] of parts.entries()) {
        signal.throwIfAborted()
        onProgress?.(done / parts.length)
        await untilAborted(buildPart(part), signal, () => drop(part))
      }
      onProgress?.(1)
    },
    info: async (pooling) => {
      const parts = (await areThere(pooling)) ? await recordsOf(pooling) : undefined
      // Of two the one that knows less, and longest.
      return parts && { vectors: Math.min(...parts.map(({ vectors }) => vectors)), builtAt: parts.map(({ builtAt }) => builtAt).sort()[0]! }
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
