/** @file Where the row of each key lies: read from the key column of a table, which opens every file that it has. */
import type { Table as LanceTable } from '@lancedb/lancedb'
import { fixedBytesOf } from './columns'
import { readAround, rowIdsOf, type Hole } from './read-around'

/** LanceDB's column of the keys; fixed bytes. */
export const keyColumn = 'key'

export interface KeyIndex {
  /** Row id of each key, hex. */
  readonly rows: Map<string, number>
  /** Rows of keys for which there is a newer one. */
  readonly superseded: readonly number[]
  readonly holes: readonly Hole[]
}

/** Reads the keys of all rows, or of those from `offset` on. Of several rows of one key the last counts: it was written last. */
export async function readKeys(table: LanceTable, keyBytes: number, offset = 0): Promise<KeyIndex> {
  const rows = new Map<string, number>()
  const superseded: number[] = []
  const holes: Hole[] = []
  for await (const batch of readAround(table, { columns: [keyColumn], offset, onHole: (hole) => holes.push(hole) })) {
    const all = fixedBytesOf(batch, keyColumn).toString('hex')
    rowIdsOf(batch).forEach((rowId, row) => {
      const key = all.slice(row * keyBytes * 2, (row + 1) * keyBytes * 2)
      const older = rows.get(key)
      if (older !== undefined) superseded.push(older)
      rows.set(key, rowId)
    })
  }
  return { rows, superseded, holes }
}

/** The keys of an index as a set that changes with it. */
export function keysOf(current: () => ReadonlyMap<string, number>): ReadonlySet<string> {
  const keys: ReadonlySet<string> = {
    get size() {
      return current().size
    },
    has: (key) => current().has(key),
    keys: () => current().keys(),
    values: () => current().keys(),
    entries: function* () {
      for (const key of current().keys()) yield [key, key]
    } as ReadonlySet<string>['entries'],
    forEach: (each) => {
      for (const key of current().keys()) each(key, key, keys)
    },
    [Symbol.iterator]: () => current().keys(),
  }
  return keys
}
