/** @file Finds every picture below a folder: each real file once, links not followed, nothing opened. */
import type { BigIntStats } from 'node:fs'
import { lstat, opendir, realpath } from 'node:fs/promises'
import { EngineError, messageOf, type FileProblem } from '../contract'
import type { FilePath } from '../files'
import { examineCandidate, type ScanFolder } from './examine-entry'
import type { FoundFile } from './library'
import { listFolder, type FolderListing } from './list-folder'
import { childPath } from './names'
import { indexFolder, workspaceFile } from './store/workspace-file'

/** A file with a picture's name. Whether it is one only its content tells. */
export type ScannedImage = FoundFile

/** What a scan found since the last batch, in natural order of each folder, files before sub-folders. */
export interface ScanBatch {
  readonly images: readonly ScannedImage[]
  readonly skipped: readonly FileProblem[]
  /** Folders that are there and cannot be read, with a trailing `/`: what lies in them is unknown, not gone. */
  readonly unreadable: readonly string[]
}

export interface ScanOptions {
  readonly signal: AbortSignal
  /** Only this folder of the root and what is below it; the whole root when left out. */
  readonly below?: ScanFolder
  /** Told of every folder before it is listed. */
  onFolder?(folder: ScanFolder): void
}

/** Small enough that the first pictures come at once, and that no batch stops the event loop. */
const firstBatch = 32
const largestBatch = 256

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

/** Which folder a path leads to now: a volume that is taken away leaves an empty folder in its place. */
export async function identifyFolder(path: string): Promise<string> {
  const { dev, ino } = await lstat(path, { bigint: true }).catch((error: unknown) => {
    throw new EngineError('SOURCE_UNAVAILABLE', `${path} cannot be read: ${messageOf(error)}`, { detail: { path }, cause: error })
  })
  return `${dev}:${ino}`
}

/**
 * When the root of what is read has gone, going on would report everything in it as missing.
 * @param identity what `identifyFolder` gave before
 * @throws EngineError SOURCE_UNAVAILABLE when the folder cannot be read, or another one lies there
 */
export async function requireSameFolder(root: string, identity: string): Promise<void> {
  await requireFolder(root)
  if ((await identifyFolder(root)) === identity) return
  throw new EngineError('SOURCE_UNAVAILABLE', `${root}: another folder lies there now than when it was opened; was its drive taken away?`, { detail: { path: root } })
}

/** Whether there is nothing at all in a folder, as where a drive belongs that is not there. */
export async function isEmptyFolder(path: string): Promise<boolean> {
  const folder = await opendir(path)
  try {
    return (await folder.read()) === null
  } finally {
    await folder.close()
  }
}

/** Whether a folder is a workspace: the thumbnails, exports and probes in it are nobody's photographs. */
async function isWorkspace(path: FilePath): Promise<boolean> {
  const kinds = await Promise.all([workspaceFile, indexFolder].map((name) => lstat(childPath(path, name)).catch(() => undefined)))
  return kinds[0]?.isFile() === true && kinds[1]?.isDirectory() === true
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
 * Scans a folder and its sub-folders to any depth. Hidden sub-folders, workspaces and files of other types are passed over in silence;
 * links, pipes, devices and folders that cannot be read are told.
 * @throws EngineError SOURCE_UNAVAILABLE when the folder itself cannot be read (any more); the signal's reason
 */
export async function* scanFolder(root: string, { signal, below, onFolder }: ScanOptions): AsyncGenerator<ScanBatch> {
  const realRoot = await requireFolder(root)
  const identity = await identifyFolder(realRoot)
  const isNew = createVisited()
  const pending: ScanFolder[] = [below ?? { path: realRoot, prefix: '' }]
  let batchSize = firstBatch

  const enter = async (folder: ScanFolder): Promise<FolderListing | ScanBatch | undefined> => {
    try {
      const stats = await lstat(folder.path, { bigint: true })
      if (!stats.isDirectory() || !isNew(stats) || (folder.prefix !== '' && (await isWorkspace(folder.path)))) return undefined
      onFolder?.(folder)
      return await listFolder(folder.path, signal)
    } catch (error) {
      signal.throwIfAborted()
      await requireSameFolder(realRoot, identity)
      const reason = `the folder cannot be read: ${messageOf(error)}`
      if (folder.prefix === '') throw new EngineError('SOURCE_UNAVAILABLE', `${root}: ${reason}`, { detail: { path: root }, cause: error })
      const skipped = [{ relativePath: folder.prefix.slice(0, -1), code: 'SOURCE_UNAVAILABLE', reason }]
      return { images: [], skipped, unreadable: (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : [folder.prefix] }
    }
  }

  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    signal.throwIfAborted()
    const listing = await enter(folder)
    if (listing === undefined) continue
    if ('skipped' in listing) {
      yield listing
      continue
    }
    const candidates = listing.candidates.sorted()
    for (;;) {
      const entries = take(candidates, batchSize)
      if (entries.length === 0) break
      signal.throwIfAborted()
      const here = folder
      const examined = await Promise.all(entries.map((entry) => examineCandidate(realRoot, here, entry)))
      yield {
        // Of a file with several names the first is told.
        images: examined.flatMap((item) => (item.kind === 'picture' && (item.stats.nlink <= 1n || isNew(item.stats)) ? [item.file] : [])),
        skipped: examined.flatMap((item) => (item.kind === 'problem' ? [item.problem] : [])),
        unreadable: [],
      }
      batchSize = Math.min(largestBatch, batchSize * 2)
    }
    const { path, prefix } = folder
    const folders = Array.from(listing.folders.sorted(), (entry) => ({ path: childPath(path, entry.raw), prefix: `${prefix}${entry.shown}/` }))
    pending.push(...folders.reverse())
  }
  await requireSameFolder(realRoot, identity)
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
