/** @file The files of all folders that a workspace knows. */
import { bytesOf } from './columns'
import { decodeFiles, encodeFiles, fileColumns, fileKey } from './file-rows'
import type { KeyedTable } from './keyed-table'
import { mergeSorted } from './merge-sorted'
import { rowIdsOf } from './read-around'
import type { FileTable, StoredFile } from './store'

/** Files made into rows before the event loop turns, and written by one commit. */
const writtenAtOnce = 5000

function byPath(left: StoredFile, right: StoredFile): number {
  return left.relativePath < right.relativePath ? -1 : left.relativePath > right.relativePath ? 1 : 0
}

export function createFileTable(table: KeyedTable): FileTable {
  const remove = (root: string, relativePaths: readonly string[]): Promise<void> => table.remove(relativePaths.map((path) => fileKey(root, path)))
  const list: FileTable['list'] = async (root) => {
    const damaged: number[] = []
    const runs: (readonly StoredFile[])[] = []
    for await (const batch of table.scan(fileColumns)) {
      const inBatch: number[] = []
      runs.push([...decodeFiles(batch, root, inBatch)].sort(byPath))
      if (inBatch.length === 0) continue
      const rowIds = rowIdsOf(batch)
      damaged.push(...inBatch.map((row) => rowIds[row]!))
    }
    table.dropDamaged(damaged)
    return mergeSorted(runs, byPath)
  }
  return {
    list,
    roots: async () => {
      const counts = new Map<string, number>()
      for await (const batch of table.scan(['root'])) {
        const { offsets, data } = bytesOf(batch, 'root')
        for (let row = 0; row < batch.numRows; row++) {
          const root = data.toString('utf8', offsets[row], offsets[row + 1])
          counts.set(root, (counts.get(root) ?? 0) + 1)
        }
      }
      return Array.from(counts, ([root, files]) => ({ root, files })).sort((left, right) => (left.root < right.root ? -1 : 1))
    },
    put: async (files) => {
      // Of one that is given twice the last counts.
      const newest = [...new Map(files.map((file) => [`${file.root}\0${file.relativePath}`, file])).values()]
      for (let first = 0; first < newest.length; first += writtenAtOnce) await table.put(encodeFiles(newest.slice(first, first + writtenAtOnce)))
    },
    remove,
    forget: async (root) => {
      const files = await list(root)
      await remove(root, files.map(({ relativePath }) => relativePath))
    },
  }
}
