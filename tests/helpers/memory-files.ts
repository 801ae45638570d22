/** @file A table of files that lives as long as a test: what the library needs of a store, without one. */
import type { FileTable, StoredFile } from '../../src/engine/library'

export interface MemoryFiles extends FileTable {
  /** How many files each `put` wrote. */
  readonly puts: number[]
  /** What a `put` fails with, while it is set. */
  failure: Error | undefined
}

export function memoryFiles(): MemoryFiles {
  const roots = new Map<string, Map<string, StoredFile>>()
  return {
    puts: [],
    failure: undefined,
    list: (root) => Promise.resolve([...(roots.get(root)?.values() ?? [])].sort((a, b) => (a.relativePath < b.relativePath ? -1 : 1))),
    roots: () => Promise.resolve([...roots].map(([root, files]) => ({ root, files: files.size }))),
    put(files) {
      if (this.failure !== undefined) return Promise.reject(this.failure)
      this.puts.push(files.length)
      for (const file of files) roots.set(file.root, (roots.get(file.root) ?? new Map<string, StoredFile>()).set(file.relativePath, file))
      return Promise.resolve()
    },
    remove: (root, relativePaths) => {
      for (const path of relativePaths) roots.get(root)?.delete(path)
      return Promise.resolve()
    },
    forget: (root) => {
      roots.delete(root)
      return Promise.resolve()
    },
  }
}
