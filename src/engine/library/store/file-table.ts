/** @file The files of all folders that a workspace knows. */
import { bytesOf } from './columns'
import { decodeFiles, encodeFiles, fileColumns, fileKey } from './file-rows'
import type { KeyedTable } from './keyed-table'
import { rowIdsOf } from './read-around'
import type { FileTable, StoredFile } from './store'

/** Files made into rows before the event loop turns, and written by one commit. */
const writtenAtOnce = 4096
/** Likewise of those that are taken away. */
const removedAtOnce = 16_384

export function createFileTable(table: KeyedTable): FileTable {
  const remove: FileTable['remove'] = async (root, relativePaths) => {
    for (let first = 0; first < relativePaths.length; first += removedAtOnce)
      await table.remove(relativePaths.slice(first, first + removedAtOnce).map((path) => fileKey(root, path)))
  }
  const list: FileTable['list'] = async (root) => {
    const damaged: number[] = []
    const files: StoredFile[] = []
    for await (const batch of table.scan(fileColumns)) {
      const inBatch: number[] = []
      for (const file of decodeFiles(batch, root, inBatch)) files.push(file)
      if (inBatch.length === 0) continue
      const rowIds = rowIdsOf(batch)
      damaged.push(...inBatch.map((row) => rowIds[row]!))
    }
    table.dropDamaged(damaged)
    return files
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
      for (let first = 0; first < files.length; first += writtenAtOnce) {
        // Of one that is given twice the last counts.
        const newest = new Map(files.slice(first, first + writtenAtOnce).map((file) => [`${file.root}\0${file.relativePath}`, file]))
        await table.put(encodeFiles([...newest.values()]))
      }
    },
    remove,
    forget: async (root) => {
      const files = await list(root)
      await remove(root, files.map(({ relativePath }) => relativePath))
    },
  }
}
