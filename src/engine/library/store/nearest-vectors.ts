/** @file Cosine neighbours among everything that a table holds: candidates by LanceDB, their cosines by the vectors themselves. */
import type { RecordBatch } from 'apache-arrow'
import type { Table as LanceTable } from '@lancedb/lancedb'
import type { Pooling } from '../../contract'
import type { KeyedTable } from './keyed-table'
import { isLanceError, systemCodeOf } from './lance'
import { partsOf, type Part } from './pooled-parts'
import { rowIdsOf } from './read-around'
import { columnsOf, decodeVectors, type VectorBatch } from './vector-rows'

export interface Neighbour {
  readonly hash: string
  readonly cosine: number
}

/** How an index is asked. */
export interface Probing {
  /** Partitions that are looked into. */
  readonly partitions: number
  /** Candidates that are compared exactly when so many are wanted. */
  candidates(top: number): number
}

export interface NearestOptions {
  readonly dim: number
  readonly pooling: Pooling
  readonly top: number
  /** Undefined for exact search. */
  readonly probing: Probing | undefined
}

/** More than wanted, since some may prove damaged. */
const spare = 16

function dot(left: Float32Array, leftAt: number, right: Float32Array, rightAt: number, dim: number): number {
  let sum = 0
  for (let index = 0; index < dim; index++) sum += left[leftAt + index]! * right[rightAt + index]!
  return sum
}

/**
 * Cosine of a query with each row: of CLS and mean together each part of a row counts at unit length, as in `unitVectors`,
 * so that this is what comparing the vectors of a folder gives. A part of zeros adds nothing.
 */
function cosineWith(query: Float32Array, parts: readonly Part[], dim: number): (batch: VectorBatch, row: number) => number {
  const length = Math.sqrt(dot(query, 0, query, 0, query.length) * parts.length)
  return ({ values }, row) => {
    let sum = 0
    values.forEach((part, index) => {
      const norm = Math.sqrt(dot(part, row * dim, part, row * dim, dim))
      if (norm > 0) sum += dot(query, index * dim, part, row * dim, dim) / norm
    })
    return length > 0 ? sum / length : 0
  }
}

/** Row ids of the nearest rows in one part. */
async function candidatesIn(table: LanceTable, part: Part, query: Float32Array, count: number, probing: Probing | undefined): Promise<readonly number[]> {
  const nearest = table.query().nearestTo(query).column(part).distanceType('cosine').limit(count).select(['_distance']).withRowId()
  const found: number[] = []
  // What has come since the index was built LanceDB compares exactly by itself.
  const batches = probing === undefined ? nearest.bypassVectorIndex() : nearest.nprobes(probing.partitions)
  for await (const batch of batches) found.push(...rowIdsOf(batch))
  return found
}

/** The best of what is considered; sorted now and then rather than each time. */
function createBest(top: number): { worthwhile(cosine: number): boolean; add(neighbour: Neighbour): void; sorted(): readonly Neighbour[] } {
  let kept: Neighbour[] = []
  let least = -Infinity
  const sort = (): void => {
    kept.sort((left, right) => right.cosine - left.cosine || (left.hash < right.hash ? -1 : 1))
    kept = kept.slice(0, top)
    if (kept.length === top) least = kept.at(-1)?.cosine ?? Infinity
  }
  return {
    worthwhile: (cosine) => cosine >= least,
    add: (neighbour) => {
      kept.push(neighbour)
      if (kept.length >= 2 * top + 64) sort()
    },
    sorted: () => {
      sort()
      return kept
    },
  }
}

/** Row ids of the candidates of all parts, rising; `all` where LanceDB cannot read everything, which only looking at each row can get around. */
async function candidatesInParts(
  parts: readonly Part[],
  candidatesOf: (part: Part, index: number) => Promise<readonly number[] | undefined>,
  probing: Probing | undefined,
): Promise<readonly number[] | 'all'> {
  const candidates = new Set<number>()
  try {
    for (const [index, part] of parts.entries()) for (const rowId of (await candidatesOf(part, index)) ?? []) candidates.add(rowId)
  } catch (error) {
    const { cause } = error as Error
    if (probing !== undefined || !isLanceError(cause) || systemCodeOf(cause) !== undefined) throw error
    return 'all'
  }
  return [...candidates].sort((left, right) => left - right)
}

/** As {@link VectorTable.nearest}. @param query float32 [dim of the pooling] */
export async function nearestVectors(table: KeyedTable, query: Float32Array, { dim, pooling, top, probing }: NearestOptions): Promise<readonly Neighbour[]> {
  const parts = partsOf(pooling)
  const cosine = cosineWith(query, parts, dim)
  const columns = columnsOf(parts)
  const damaged: number[] = []
  const found = await table.withRows(async (rowOf) => {
    const best = createBest(top)
    const considered = new Set<number>()
    const consider = (batch: RecordBatch): void => {
      const rows = decodeVectors(batch, parts, dim)
      for (let row = 0; row < rows.rowIds.length; row++) {
        const rowId = rows.rowIds[row]!
        const value = cosine(rows, row)
        // A damaged row may have any cosine, but only one that would be answered is worth checking.
        if (!best.worthwhile(value) || considered.has(rowId)) continue
        const hash = rows.hashes.toString('hex', row * 32, (row + 1) * 32)
        if (rowOf.get(hash) !== rowId) continue
        considered.add(rowId)
        if (rows.isWhole(row)) best.add({ hash, cosine: value })
        else damaged.push(rowId)
      }
    }
    const count = (probing?.candidates(top) ?? top) + spare
    const candidatesOf = (part: Part, index: number): Promise<readonly number[] | undefined> =>
      table.use((lance) => candidatesIn(lance, part, query.subarray(index * dim, (index + 1) * dim), count, probing))
    // Exactly, neither of two parts alone tells which rows are near in both.
    const candidates = probing === undefined && parts.length > 1 ? 'all' : await candidatesInParts(parts, candidatesOf, probing)
    const batches = candidates === 'all' ? table.scan(columns) : table.take(candidates, columns)
    for await (const batch of batches) consider(batch)
    return best.sorted()
  })
  table.dropDamaged(damaged)
  return found
}
