/** @file Keeps what is known of an opened folder up to date after it has been read: what happens in it, and drives that come and go. */
import { isEngineError } from '../contract'
import { examineName, type ScanFolder } from './examine-entry'
import type { ImageRecord } from './image-record'
import { findByPath, type FoundFile, type Library } from './library'
import { showName } from './names'
import { readFiles, readFolder, type ReadingContext } from './reading'
import { markGone, takeIn } from './reconcile'
import { isEmptyFolder, requireFolder, requireSameFolder } from './scan'
import { watchFolders, type FolderWatch, type Touched } from './watch'

export interface Following {
  /** Watches a folder from now on; what happens in it is looked at after `start`. */
  add(folder: ScanFolder): void
  /** Everything that could be read has been; looks at what has happened meanwhile. */
  start(): void
  /** The folder cannot be reached; looks for it from time to time and reads it when it is there. */
  wait(): void
  close(): void
}

export interface FollowTimes {
  /** Between two looks for a folder that is not there. */
  readonly lookMs: number
  /** Between two scans of a folder in which not everything is heard of; longer where a scan takes long. */
  readonly scanMs: number
}

const usualTimes: FollowTimes = { lookMs: 10_000, scanMs: 60_000 }
/** At most this share of the time is spent on scans that are made for want of a watch. */
const scanShare = 0.05
const lookupsAtOnce = 32

export type FollowContext = Omit<ReadingContext, 'onFolder' | 'onQueued' | 'onRead'> & { onTrouble(error: unknown): void }

/** Pictures below any of the folders whose prefixes are given. */
function below({ records }: Library, prefixes: ReadonlySet<string>): readonly ImageRecord[] {
  if (prefixes.size === 0) return []
  return records.filter(({ relativePath }) => {
    for (let slash = relativePath.indexOf('/'); slash >= 0; slash = relativePath.indexOf('/', slash + 1)) if (prefixes.has(relativePath.slice(0, slash + 1))) return true
    return false
  })
}

export function followFolder(library: Library, context: FollowContext, times: FollowTimes = usualTimes): Following {
  const { root, closing } = library
  let watching: FolderWatch | undefined
  let timer: NodeJS.Timeout | undefined
  let started = false
  const early: Touched[] = []
  const told = new Set<string>()
  let queue: Promise<void> = Promise.resolve()

  const reading: ReadingContext = {
    ...context,
    onFolder: (folder) => watching?.add(folder),
    onQueued: () => undefined,
    onRead: () => undefined,
  }

  const lookAtAll = async (): Promise<void> => {
    const begun = performance.now()
    await readFolder(library, undefined, reading)
    if (watching?.isComplete !== true) later(() => lookAtAll(), Math.max(times.scanMs, (performance.now() - begun) / scanShare))
  }

  const lookAt = async (touched: readonly Touched[]): Promise<void> => {
    const files: FoundFile[] = []
    const folders: ScanFolder[] = []
    const absent: ImageRecord[] = []
    const absentFolders = new Set<string>()
    let linked = false
    for (let start = 0; start < touched.length; start += lookupsAtOnce) {
      const some = touched.slice(start, start + lookupsAtOnce)
      const examined = await Promise.all(some.map(({ folder, raw }) => examineName(root, folder, raw)))
      for (const [index, item] of examined.entries()) {
        const { folder, raw } = some[index] ?? { folder: { path: root, prefix: '' }, raw: '' }
        const relativePath = folder.prefix + showName(raw)
        const known = findByPath(library, relativePath)
        // Under which of its names a file with several is told only a scan knows.
        if (item.kind === 'picture' && item.stats.nlink > 1n && known === undefined) linked = true
        else if (item.kind === 'picture') files.push(item.file)
        else if (known !== undefined) absent.push(known)
        else if (item.kind === 'absent') absentFolders.add(`${relativePath}/`)
        if (item.kind === 'folder') folders.push(item.folder)
        if (item.kind === 'problem' && !told.has(relativePath)) {
          told.add(relativePath)
          library.skipped += 1
          library.teller.skipped([item.problem])
        }
      }
    }
    // A volume that was taken away leaves nothing of what was in it; that is no news of the pictures.
    await requireSameFolder(root, library.identity)
    for (const prefix of absentFolders) watching?.forget(prefix)
    markGone(library, [...absent, ...below(library, absentFolders)])
    if (linked) return lookAtAll()
    await readFiles(library, takeIn(library, files), reading)
    for (const folder of folders) {
      // A folder of the same name may have been another one.
      watching?.forget(folder.prefix)
      await readFolder(library, folder, reading)
    }
  }

  const enqueue = (work: () => Promise<void>): void => {
    queue = queue.then(work).catch((error: unknown) => {
      if (closing.signal.aborted) return
      if (isEngineError(error, 'SOURCE_UNAVAILABLE')) lost()
      else context.onTrouble(error)
    })
  }
  const later = (work: () => Promise<void>, waitMs: number): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      enqueue(work)
    }, waitMs)
    timer.unref()
  }

  const hear = (touched: readonly Touched[] | undefined): void => {
    if (!started) early.push(...(touched ?? [{ folder: { path: root, prefix: '' }, raw: '' }]))
    else enqueue(() => (touched === undefined ? lookAtAll() : lookAt(touched)))
  }

  const watchAnew = (): void => {
    watching?.close()
    watching = watchFolders(root, hear)
  }

  /** What is known stays as it is until the folder is there again; an empty one is where its drive belongs. */
  const lookFor = async (): Promise<void> => {
    const there = await requireFolder(root).then(
      async () => !(await isEmptyFolder(root)),
      () => false,
    )
    if (!there) {
      lost()
      return
    }
    library.offline = false
    watchAnew()
    started = true
    await lookAtAll()
  }
  const lost = (): void => {
    watching?.close()
    watching = undefined
    if (!closing.signal.aborted) later(lookFor, times.lookMs)
  }

  return {
    add: (folder) => {
      if (watching === undefined && !closing.signal.aborted) watchAnew()
      watching?.add(folder)
    },
    start: () => {
      enqueue(async () => {
        started = true
        const unknown = early.some(({ raw }) => raw === '')
        if (unknown) await lookAtAll()
        else if (early.length > 0) await lookAt(early.splice(0))
        if (watching?.isComplete !== true) later(lookAtAll, times.scanMs)
      })
    },
    wait: lost,
    close: () => {
      clearTimeout(timer)
      watching?.close()
      watching = undefined
    },
  }
}
