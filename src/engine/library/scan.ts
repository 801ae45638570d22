/** @file Finds every picture below a folder: each real file once, links not followed, nothing opened. */
import type { BigIntStats } from 'node:fs'
import { lstat, opendir, realpath } from 'node:fs/promises'
import { sep } from 'node:path'
import { EngineError, messageOf, type FileProblem } from '../contract'
import type { FilePath } from '../files'
import { listFolder, type FolderEntry } from './list-folder'
import { childPath, isPictureName } from './names'

/** A file with a picture's name. Whether it is one only its content tells. */
export interface ScannedImage {
  readonly path: FilePath
  readonly name: string
  /** Below the scanned folder, with `/`, escaped where the name is not UTF-8. */
  readonly relativePath: string
  readonly sizeBytes: number
  readonly modifiedMs: number
}

/** What a scan found since the last batch, in natural order of each folder, files before sub-folders. */
export interface ScanBatch {
  readonly images: readonly ScannedImage[]
  readonly skipped: readonly FileProblem[]
}

/** Small enough that the first pictures come at once, and that no batch stops the event loop. */
const firstBatch = 32
const largestBatch = 256

interface Folder {
  readonly path: FilePath
  /** With a trailing `/`, empty for the root. */
  readonly prefix: string
}

/**
 * The real path of a folder that can be listed.
 * @throws EngineError SOURCE_UNAVAILABLE naming the folder
 */
export async function requireFolder(path: string): Promise<string> {
  try {
    const real = await realpath(path)
    await (await opendir(real)).close()
    return real
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOTDIR' ? 'it is not a folder' : messageOf(error)
    throw new EngineError('SOURCE_UNAVAILABLE', `${path} cannot be opened: ${reason}`, { detail: { path }, cause: error })
  }
}

const skip = (relativePath: string, reason: string): FileProblem => ({ relativePath, code: 'NOT_A_FILE', reason })

/** Why a link is left out; undefined where it promises no pictures and so is nobody's concern. */
async function explainLink(path: FilePath, entry: FolderEntry, root: string): Promise<string | undefined> {
  const isPicture = isPictureName(entry.raw)
  try {
    const target = await realpath(path)
    if (!isPicture && !(await lstat(target)).isDirectory()) return undefined
    const leaves = target !== root && !target.startsWith(root + sep)
    return leaves ? 'a link that leaves the opened folder; links are not followed' : 'a link; what it leads to is listed where it lies'
  } catch {
    return isPicture ? 'a link that leads nowhere' : undefined
  }
}

/** Remembers files and folders by device and inode; says whether one is new. */
function createVisited(): (stats: BigIntStats) => boolean {
  const seen = new Set<string>()
  return (stats) => {
    const identity = `${stats.dev}:${stats.ino}`
    if (seen.has(identity)) return false
    seen.add(identity)
    return true
  }
}

/**
 * Scans a folder and its sub-folders to any depth. Hidden sub-folders and files of other types are passed over in silence;
 * links, pipes, devices and folders that cannot be read are told.
 * @throws EngineError SOURCE_UNAVAILABLE when the folder itself cannot be read (any more); the signal's reason
 */
export async function* scanFolder(root: string, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<ScanBatch> {
  const realRoot = await requireFolder(root)
  const isNew = createVisited()
  const pending: Folder[] = [{ path: realRoot, prefix: '' }]
  let batchSize = firstBatch

  const examine = async (folder: Folder, entry: FolderEntry): Promise<ScannedImage | FileProblem | undefined> => {
    const relativePath = folder.prefix + entry.shown
    const path = childPath(folder.path, entry.raw)
    if (entry.kind === 'link') {
      const reason = await explainLink(path, entry, realRoot)
      return reason === undefined ? undefined : skip(relativePath, reason)
    }
    if (entry.kind === 'folder') return skip(relativePath, 'a folder with a picture’s name; the pictures in it are listed')
    const stats = await lstat(path, { bigint: true }).catch(() => undefined)
    if (stats === undefined) return undefined
    if (!stats.isFile()) return skip(relativePath, 'not a file but a pipe, a socket, a device or a link')
    if (stats.nlink > 1n && !isNew(stats)) return undefined
    return { path, name: entry.shown, relativePath, sizeBytes: Number(stats.size), modifiedMs: Number(stats.mtimeNs / 1_000n) / 1_000 }
  }

  const enter = async (folder: Folder) => {
    try {
      const stats = await lstat(folder.path, { bigint: true })
      return stats.isDirectory() && isNew(stats) ? await listFolder(folder.path, signal) : undefined
    } catch (error) {
      signal.throwIfAborted()
      // When the root is gone as well, going on would report everything in it as missing.
      await requireFolder(realRoot)
      const reason = `the folder cannot be read: ${messageOf(error)}`
      if (folder.prefix === '') throw new EngineError('SOURCE_UNAVAILABLE', `${root}: ${reason}`, { detail: { path: root }, cause: error })
      return { relativePath: folder.prefix.slice(0, -1), code: 'SOURCE_UNAVAILABLE', reason }
    }
  }

  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    signal.throwIfAborted()
    const listing = await enter(folder)
    if (listing === undefined) continue
    if ('code' in listing) {
      yield { images: [], skipped: [listing] }
      continue
    }
    const candidates = listing.candidates.sorted()
    for (;;) {
      const entries = take(candidates, batchSize)
      if (entries.length === 0) break
      signal.throwIfAborted()
      const here = folder
      const found = (await Promise.all(entries.map((entry) => examine(here, entry)))).filter((item) => item !== undefined)
      yield { images: found.filter((item) => 'path' in item), skipped: found.filter((item) => 'code' in item) }
      batchSize = Math.min(largestBatch, batchSize * 2)
    }
    const { path, prefix } = folder
    const below = Array.from(listing.folders.sorted(), (entry) => ({ path: childPath(path, entry.raw), prefix: `${prefix}${entry.shown}/` }))
    pending.push(...below.reverse())
  }
}

function take<T>(items: Generator<T>, count: number): T[] {
  const taken: T[] = []
  while (taken.length < count) {
    const next = items.next()
    if (next.done === true) break
    taken.push(next.value)
  }
  return taken
}
