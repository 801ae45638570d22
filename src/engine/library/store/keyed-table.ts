/** @file Rows under keys in a table of LanceDB: on the disk when acknowledged, one row for each key, damage passed by and told. */
import type { Data, RecordBatch } from 'apache-arrow'
import type { Table as LanceTable } from '@lancedb/lancedb'
import { EngineError } from '../../contract'
import { fixedBytes, schemaOf, tableOf } from './columns'
import { compactIfDue } from './compaction'
import { createFlush } from './flush'
import { createGate, createQueue } from './gate'
import { keyColumn, keysOf, readKeys } from './key-index'
import { asDiskError, isLanceError, systemCodeOf } from './lance'
import { createTable, distrustNewest, openTable, tableFolder } from './open-table'
import { readAround, type Hole } from './read-around'
import { conditionBetween, conditionsOf } from './row-ids'

export interface KeyedTableOptions {
  /** Where the tables of a workspace lie. */
  readonly folder: string
  readonly name: string
  /** What the rows are, in words: `vectors`. */
  readonly noun: string
  /** Bytes of a key. */
  readonly keyBytes: number
  /** Names of all columns besides the key. */
  readonly columns: readonly string[]
  readonly writable: boolean
  /** Done before the table is made. */
  beforeCreated?(): Promise<void>
  onMended(what: string): void
}

/** Rows to be added: a key for each, hex, and their columns. */
export interface NewRows {
  readonly keys: readonly string[]
  readonly columns: Readonly<Record<string, Data>>
}

export interface KeyedTable {
  /** Keys that have a row; changes with the table. */
  keys(): Promise<ReadonlySet<string>>
  /** Does `work` with the row id of each key; rows stay where they are until it is done. */
  withRows<T>(work: (rowOf: ReadonlyMap<string, number>) => Promise<T>): Promise<T>
  /** All rows in batches, with their row ids. */
  scan(columns: readonly string[], signal?: AbortSignal): AsyncGenerator<RecordBatch>
  /**
   * The rows of these ids in batches, with their row ids; within {@link withRows} or {@link hold}. Where something is damaged
   * others may come with them, and some twice.
   */
  take(rowIds: readonly number[], columns: readonly string[]): AsyncGenerator<RecordBatch>
  /** As {@link withRows}, for what gives its results one by one. */
  hold(): Promise<{ readonly rowOf: ReadonlyMap<string, number>; release(): void }>
  /** Adds what `choose` makes of the keys that are there, once nothing else is being added. */
  append(choose: (rowOf: ReadonlyMap<string, number>) => NewRows | undefined): Promise<void>
  /** Adds rows and drops the older ones of their keys. */
  put(rows: NewRows): Promise<void>
  remove(keys: readonly string[]): Promise<void>
  /** Drops rows that hold what was never written. */
  dropDamaged(rowIds: readonly number[]): void
  /** Whatever else LanceDB does with the table; undefined while there is none. */
  use<T>(work: (table: LanceTable) => Promise<T>): Promise<T | undefined>
  /** As {@link use}, for what changes it: on the disk when it resolves. */
  change<T>(work: (table: LanceTable) => Promise<T>): Promise<T | undefined>
  close(): Promise<void>
}

interface Opened {
  readonly table: LanceTable
  readonly version: number
  readonly rows: Map<string, number>
}

const takenAtOnce = 4096
const emptyRows: ReadonlyMap<string, number> = new Map()

/** A table that is opened, and mended where it is writable, when it is first asked. */
export function createKeyedTable({ noun, keyBytes, writable, onMended, beforeCreated, ...options }: KeyedTableOptions): KeyedTable {
  const place = { ...options, columns: [keyColumn, ...options.columns] }
  const path = tableFolder(place)
  const gate = createGate()
  const queue = createQueue()
  const flush = createFlush(path)
  let opening: Promise<Opened | undefined> | undefined
  let opened: Opened | undefined
  let closed = false
  /** Conditions of rows to be dropped when nobody reads. */
  let doomed: string[] = []
  const told = new Set<string>()

  const tellLost = (count: number): void => {
    onMended(`${noun} damaged on the disk: ${count}; they count as missing`)
  }
  const commit = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      const result = await work()
      await flush()
      return result
    } catch (error) {
      // What is on the disk now is known only by looking.
      opening = undefined
      throw error
    }
  }

  const lose = (hole: Hole): void => {
    const ends = `${hole.after ?? ''}-${hole.before ?? ''}`
    if (!told.has(ends)) tellLost(hole.rows)
    told.add(ends)
    doomed.push(conditionBetween(hole.after, hole.before))
    for (const [key, rowId] of opened?.rows ?? [])
      if (rowId > (hole.after ?? -1) && rowId < (hole.before ?? Infinity)) opened?.rows.delete(key)
  }
  const dropDoomed = async (table: LanceTable | undefined): Promise<void> => {
    if (table === undefined || doomed.length === 0 || !writable) return
    const conditions = doomed
    doomed = []
    await commit(async () => {
      for (const condition of conditions) await table.delete(condition)
    })
  }

  const load = async (table: LanceTable): Promise<Opened> => {
    const { rows, superseded, holes } = await readKeys(table, keyBytes)
    for (const hole of holes) lose(hole)
    doomed.push(...conditionsOf(superseded))
    await dropDoomed(table)
    return { table, rows, version: await table.version() }
  }
  const open = async (): Promise<Opened | undefined> => {
    for (;;) {
      doomed = []
      opened = undefined
      const table = await openTable(place, writable ? onMended : undefined)
      if (table === undefined) return undefined
      try {
        opened = await load(table)
        // What a process wrote that was ended before it could flush it is flushed now.
        if (writable) await flush()
        return opened
      } catch (error) {
        if (!writable || !isLanceError(error)) throw error
        await distrustNewest(place, error, onMended)
      }
    }
  }
  /** The table as it is; for a reader, as the writer has left it, unless somebody is reading right now. */
  const current = async (): Promise<Opened | undefined> => {
    if (closed) throw new EngineError('CANCELLED', 'the store has been closed')
    opening ??= asDiskError(path, open).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    const found = await opening
    if (writable) return found
    if (found === undefined) {
      opening = undefined
      return undefined
    }
    await gate.ifAlone(async () => {
      await found.table.checkoutLatest()
      if ((await found.table.version()) === found.version) return
      opening = undefined
      opened = await load(found.table)
      opening = Promise.resolve(opened)
    })
    return opened
  }
  const existing = async (columns: NewRows['columns']): Promise<Opened> => {
    const found = await current()
    if (found !== undefined) return found
    await beforeCreated?.()
    const table = await commit(() => createTable(place, schemaOf(withKeys({ keys: [], columns }))))
    opened = { table, rows: new Map(), version: 1 }
    opening = Promise.resolve(opened)
    return opened
  }
  const withKeys = ({ keys, columns }: NewRows): Readonly<Record<string, Data>> => ({ [keyColumn]: fixedBytes(Buffer.from(keys.join(''), 'hex'), keyBytes), ...columns })

  /** Adds rows; answers the row ids of those that they take the place of. */
  const add = async ({ table, rows }: Opened, added: NewRows): Promise<readonly number[]> => {
    const before = await table.countRows()
    await commit(() => table.add(tableOf(withKeys(added))))
    const older: number[] = []
    for (const [key, rowId] of (await readKeys(table, keyBytes, before)).rows) {
      const replaced = rows.get(key)
      if (replaced !== undefined) older.push(replaced)
      rows.set(key, rowId)
    }
    return older
  }
  const drop = async ({ table }: Opened, rowIds: readonly number[]): Promise<void> => {
    if (rowIds.length === 0) return
    await gate.alone(() =>
      commit(async () => {
        for (const condition of conditionsOf(rowIds)) await table.delete(condition)
      }),
    )
  }
  /** What makes nothing new and may wait: done if nobody reads, else another time. */
  const tidy = async (): Promise<void> => {
    await gate.ifAlone(async () => {
      const found = await opening
      if (found === undefined) return
      await dropDoomed(found.table)
      if (await commit(() => compactIfDue(found.table))) {
        opened = await load(found.table)
        opening = Promise.resolve(opened)
      }
    })
  }
  const later = (): void => {
    // Nothing depends on it; what fails is tried with the next change.
    if (writable) queue(tidy).catch(() => undefined)
  }
  const changing = <T>(work: () => Promise<T>): Promise<T> => {
    if (!writable) throw new EngineError('FORBIDDEN', 'a store that was opened for reading is not written to')
    return queue(() => asDiskError(path, work))
  }

  const hold: KeyedTable['hold'] = async () => {
    const found = await current()
    const release = await gate.enter()
    return { rowOf: opened?.rows ?? found?.rows ?? emptyRows, release }
  }
  const withRows: KeyedTable['withRows'] = async (work) => {
    const { rowOf, release } = await hold()
    try {
      return await asDiskError(path, () => work(rowOf))
    } finally {
      release()
    }
  }
  return {
    keys: async () => {
      await current()
      return keysOf(() => opened?.rows ?? emptyRows)
    },
    withRows,
    hold,
    scan: async function* (columns, signal) {
      const { release } = await hold()
      try {
        if (opened === undefined) return
        yield* readAround(opened.table, { columns, signal, onHole: lose })
      } finally {
        release()
        if (doomed.length > 0) later()
      }
    },
    take: async function* (rowIds, columns) {
      for (let first = 0; first < rowIds.length && opened !== undefined; first += takenAtOnce) {
        const wanted = rowIds.slice(first, first + takenAtOnce)
        try {
          const query = opened.table.takeRowIds(wanted).select([...columns]).withRowId()
          for await (const batch of query) yield batch
        } catch (error) {
          if (systemCodeOf(error) !== undefined) throw error
          yield* readAround(opened.table, { columns, onHole: lose })
          return
        }
      }
    },
    append: (choose) =>
      changing(async () => {
        const rows = choose((await current())?.rows ?? emptyRows)
        if (rows === undefined || rows.keys.length === 0) return
        await add(await existing(rows.columns), rows)
        later()
      }),
    put: (rows) =>
      changing(async () => {
        if (rows.keys.length === 0) return
        const target = await existing(rows.columns)
        await drop(target, await add(target, rows))
        later()
      }),
    remove: (keys) =>
      changing(async () => {
        const found = await current()
        if (found === undefined) return
        const rowIds = keys.map((key) => found.rows.get(key)).filter((rowId) => rowId !== undefined)
        await drop(found, rowIds)
        for (const key of keys) found.rows.delete(key)
        later()
      }),
    dropDamaged: (rowIds) => {
      const damaged = new Set(rowIds)
      if (damaged.size === 0) return
      tellLost(damaged.size)
      for (const [key, rowId] of opened?.rows ?? []) if (damaged.has(rowId)) opened?.rows.delete(key)
      doomed.push(...conditionsOf(rowIds))
      later()
    },
    use: async (work) => {
      const { release } = await hold()
      try {
        return opened === undefined ? undefined : await asDiskError(path, () => work(opened!.table))
      } finally {
        release()
      }
    },
    change: (work) =>
      changing(async () => {
        const found = await current()
        return found === undefined ? undefined : await commit(() => work(found.table))
      }),
    close: async () => {
      // Compaction can wait; what is damaged need not be found again.
      if (writable) await queue(() => gate.ifAlone(async () => dropDoomed((await opening)?.table))).catch(() => undefined)
      closed = true
      opened?.table.close()
    },
  }
}
