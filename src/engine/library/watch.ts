/** @file Hears of what happens in folders, and says what has to be looked at again once it has become quiet. Looks at nothing itself. */
import { watch, type FSWatcher } from 'node:fs'
import { sep } from 'node:path'
import type { ScanFolder } from './examine-entry'
import { childPath, showName, type RawName } from './names'

/** An entry of a folder in which something happened. */
export interface Touched {
  readonly folder: ScanFolder
  readonly raw: RawName
}

export interface FolderWatch {
  /** Watches one more folder; for folders in the order in which a scan comes to them. */
  add(folder: ScanFolder): void
  /** Folders below are no longer there. */
  forget(prefix: string): void
  /** Whether everything that happens is heard of. */
  readonly isComplete: boolean
  close(): void
}

/** A file is looked at when nothing has happened to it for this long: copying one takes many writes. */
const quietMs = 400
/** What is written to without end is looked at nevertheless. */
const longestMs = 3_000
/** With more at once some may have been lost on the way, and a scan is cheaper than looking at each. */
const mostTouched = 4_096
/** The system's own limit is higher; what is beyond is looked at from time to time. */
const mostFolders = 16_384

/** Where the system tells of everything below a folder by itself. On Linux Node would watch every file for that. */
const watchesDeep = process.platform === 'darwin' || process.platform === 'win32'

/**
 * Watches folders below `root`.
 * @param onQuiet told of what happened, together; undefined when it is not known what
 */
export function watchFolders(root: string, onQuiet: (touched: readonly Touched[] | undefined) => void): FolderWatch {
  const watchers = new Map<string, FSWatcher>()
  const touched = new Map<string, Touched>()
  let unknown = false
  let isComplete = true
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let firstAt = 0

  const report = (): void => {
    timer = undefined
    const entries = unknown ? undefined : [...touched.values()]
    touched.clear()
    unknown = false
    onQuiet(entries)
  }
  const wait = (): void => {
    if (closed) return
    const now = performance.now()
    if (timer === undefined) firstAt = now
    clearTimeout(timer)
    timer = setTimeout(report, Math.max(0, Math.min(quietMs, firstAt + longestMs - now)))
  }
  const hear = (folder: ScanFolder, raw: RawName | null): void => {
    if (raw === null || touched.size >= mostTouched) unknown = true
    else touched.set(`${folder.prefix}\0${raw}`, { folder, raw })
    wait()
  }
  const start = (folder: ScanFolder, listen: (raw: RawName | null) => void): void => {
    try {
      const watcher = watch(folder.path, { recursive: watchesDeep, persistent: false, encoding: 'latin1' }, (_event, raw) => {
        listen(raw)
      })
      watcher.on('error', () => {
        watchers.delete(folder.prefix)
        watcher.close()
        hear(folder, null)
      })
      watchers.set(folder.prefix, watcher)
    } catch {
      isComplete = false
    }
  }
  /** An entry somewhere below, in the folder that holds it. */
  const hearBelow = (top: ScanFolder, below: RawName): void => {
    const names = below.split(sep)
    const raw = names.pop() ?? ''
    let folder = top
    for (const name of names) folder = { path: childPath(folder.path, name), prefix: `${folder.prefix}${showName(name)}/` }
    hear(folder, raw)
  }

  if (watchesDeep) {
    const top: ScanFolder = { path: root, prefix: '' }
    start(top, (below) => {
      if (below === null) hear(top, null)
      else hearBelow(top, below)
    })
  }
  return {
    add: (folder) => {
      if (closed || watchesDeep || watchers.has(folder.prefix)) return
      if (watchers.size >= mostFolders) isComplete = false
      else
        start(folder, (raw) => {
          hear(folder, raw)
        })
    },
    forget: (prefix) => {
      for (const [at, watcher] of watchers) {
        if (at === '' || !at.startsWith(prefix)) continue
        watcher.close()
        watchers.delete(at)
      }
    },
    get isComplete() {
      return isComplete
    },
    close: () => {
      closed = true
      clearTimeout(timer)
      for (const watcher of watchers.values()) watcher.close()
      watchers.clear()
    },
  }
}
