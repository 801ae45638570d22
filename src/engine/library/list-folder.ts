/** @file What lies directly in a folder, in natural order, with pictures told from everything else by name and kind alone. */
import type { Dirent, Stats } from 'node:fs'
import { lstat, opendir, readdir } from 'node:fs/promises'
import type { FilePath } from '../files'
import { childPath, isHiddenName, isPictureName, naturalKey, showName, type RawName } from './names'
import { createNaturalOrder, type NaturalOrder } from './natural-order'

export type EntryKind = 'file' | 'folder' | 'link' | 'special'

/** Something in a folder that a scan has to look at. */
export interface FolderEntry {
  readonly raw: RawName
  readonly shown: string
  readonly kind: EntryKind
  /** Sorts entries, see `naturalKey`. */
  readonly key: string
}

export interface FolderListing {
  /** Pictures by name, whatever they turn out to be, and links. */
  readonly candidates: NaturalOrder<FolderEntry>
  /** Folders that are not hidden. */
  readonly folders: NaturalOrder<FolderEntry>
}

const entriesPerRead = 256
const lookupsAtOnce = 64

function kindOf(entry: Dirent | Stats): EntryKind {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'folder'
  return entry.isSymbolicLink() ? 'link' : 'special'
}

async function* readEntries(path: FilePath, signal: AbortSignal): AsyncGenerator<readonly [RawName, EntryKind]> {
  for await (const entry of await opendir(path, { encoding: 'latin1', bufferSize: entriesPerRead })) {
    signal.throwIfAborted()
    yield [entry.name, kindOf(entry)]
  }
}

/** The same, one lookup per name, for file systems that do not tell kinds with names: there `opendir` fails on odd names. */
async function* lookUpEntries(path: FilePath, signal: AbortSignal): AsyncGenerator<readonly [RawName, EntryKind]> {
  const names = await readdir(path, { encoding: 'latin1' })
  for (let start = 0; start < names.length; start += lookupsAtOnce) {
    signal.throwIfAborted()
    const chunk = names.slice(start, start + lookupsAtOnce)
    const found = await Promise.all(chunk.map((name) => lstat(childPath(path, name)).catch(() => undefined)))
    for (const [index, stats] of found.entries()) {
      const name = chunk[index]
      if (name !== undefined && stats !== undefined) yield [name, kindOf(stats)]
    }
  }
}

async function collect(entries: AsyncGenerator<readonly [RawName, EntryKind]>): Promise<FolderListing> {
  const candidates = createNaturalOrder<FolderEntry>()
  const folders = createNaturalOrder<FolderEntry>()
  for await (const [raw, kind] of entries) {
    const isPicture = isPictureName(raw)
    const isFolder = kind === 'folder' && !isHiddenName(raw)
    if (!isPicture && !isFolder && (kind !== 'link' || isHiddenName(raw))) continue
    const shown = showName(raw)
    const entry: FolderEntry = { raw, shown, kind, key: naturalKey(shown) }
    if (isFolder) folders.add(entry)
    if (isPicture || kind === 'link') candidates.add(entry)
  }
  return { candidates, folders }
}

/**
 * Lists a folder. A folder with a picture's name is both a candidate, to be told about, and a folder.
 * @throws what the file system says, and the signal's reason
 */
export async function listFolder(path: FilePath, signal: AbortSignal): Promise<FolderListing> {
  try {
    return await collect(readEntries(path, signal))
  } catch (error) {
    signal.throwIfAborted()
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return collect(lookUpEntries(path, signal))
  }
}
