/** @file Reads all rows of a table that can be read, around what cannot. */
import type { RecordBatch } from 'apache-arrow'
import type { Table as LanceTable } from '@lancedb/lancedb'
import { uint64Of } from './columns'
import { systemCodeOf } from './lance'

/** LanceDB's name for where a row lies; uint64. */
export const rowIdColumn = '_rowid'

/** Rows that could not be read: those between two that could, or from the first, or to the last. */
export interface Hole {
  readonly after: number | undefined
  readonly before: number | undefined
  readonly rows: number
}

export interface ReadOptions {
  /** Rows to skip. */
  readonly offset?: number
  readonly columns: readonly string[]
  readonly signal?: AbortSignal
  onHole(hole: Hole): void
}

/** Files are damaged in stretches; what is whole between two damaged ones and shorter than this may be overlooked. */
const probeStep = 256

/** Row ids of a batch, float64 [rows]. */
export function rowIdsOf(batch: RecordBatch): Float64Array {
  const ids = uint64Of(batch, rowIdColumn)
  const rowIds = new Float64Array(ids.length)
  for (let row = 0; row < ids.length; row++) rowIds[row] = Number(ids[row])
  return rowIds
}

function lastRowId(batch: RecordBatch): number {
  return Number(uint64Of(batch, rowIdColumn).at(-1))
}

/**
 * Batches of all rows in their order (some 1000 each), each with its row ids. Rows that are skipped are not opened, so
 * damage is passed by going on behind it.
 * @throws what the system refuses: it says nothing about what the files hold
 */
export async function* readAround(table: LanceTable, { columns, signal, onHole, ...options }: ReadOptions): AsyncGenerator<RecordBatch> {
  const rows = await table.countRows()
  const from = (offset: number) => table.query().select([...columns]).withRowId().offset(offset)
  /** The row id at `offset`, if its row can be read. */
  const probe = async (offset: number): Promise<number | undefined> => {
    signal?.throwIfAborted()
    try {
      for await (const batch of from(offset).limit(1)) return lastRowId(batch)
    } catch (error) {
      if (systemCodeOf(error) !== undefined) throw error
    }
    return undefined
  }

  let offset = options.offset ?? 0
  let after: number | undefined
  while (offset < rows) {
    try {
      for await (const batch of from(offset)) {
        signal?.throwIfAborted()
        yield batch
        offset += batch.numRows
        after = lastRowId(batch)
      }
      return
    } catch (error) {
      if (signal?.aborted === true || systemCodeOf(error) !== undefined) throw error
    }
    const next = await nextReadable(offset, rows, async (at) => (await probe(at)) !== undefined)
    onHole({ after, before: next < rows ? await probe(next) : undefined, rows: next - offset })
    offset = next
  }
}

/** The first offset behind `damaged` that can be read, or `rows`. */
async function nextReadable(damaged: number, rows: number, canRead: (offset: number) => Promise<boolean>): Promise<number> {
  let unreadable = damaged
  let readable = damaged
  do {
    unreadable = readable
    readable = Math.min(readable + probeStep, rows)
  } while (readable < rows && !(await canRead(readable)))
  while (readable - unreadable > 1) {
    const middle = (readable + unreadable) >> 1
    if (await canRead(middle)) readable = middle
    else unreadable = middle
  }
  return readable
}
