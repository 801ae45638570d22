/** @file What LanceDB has written to a table, flushed to the disk: it flushes nothing by itself. */
import { open, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder } from '../../files'

/** What is named is flushed before what names it: a manifest on the disk never tells of data that is not. */
const order = ['data', '_indices', '_deletions', '_transactions', '_versions'] as const

export interface Flush {
  /** Flushes what has come since the last time. @throws what the file system says */
  (): Promise<void>
}

/**
 * Of a table in `folder`. What is there before the first flush counts as new: it may have been written by a process that
 * was ended between writing and flushing. Source: the order and the folders are those of a commit as `strace` shows it.
 */
export function createFlush(folder: string): Flush {
  const flushed = new Map<string, ReadonlySet<string>>()
  let named = false
  return async () => {
    for (const part of order) {
      const names = await filesBelow(join(folder, part))
      const known = flushed.get(part) ?? new Set()
      const added = names.filter((name) => !known.has(name))
      for (const name of added) await syncFile(join(folder, part, name))
      if (added.length > 0) {
        const folders = new Set(added.flatMap((name) => parentsOf(name)))
        for (const below of folders) await syncFolder(join(folder, part, below))
        await syncFolder(folder)
      }
      flushed.set(part, new Set(names))
    }
    if (named) return
    await syncFolder(folder)
    await syncFolder(dirname(folder))
    named = true
  }
}

/** Folders between a file and the part it lies in, deepest first, the part itself as `.`. */
function parentsOf(name: string): readonly string[] {
  const parent = dirname(name)
  return parent === '.' ? ['.'] : [parent, ...parentsOf(parent)]
}

/** Files below a folder, an index's lie one folder deeper; none where there is no such folder. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

async function syncFile(path: string): Promise<void> {
  try {
    // Windows flushes only what it may write to.
    const handle = await open(path, 'r+')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    // What has been tidied away meanwhile needs no flushing.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && (await stat(path).catch(() => undefined)) === undefined) return
    throw error
  }
}
