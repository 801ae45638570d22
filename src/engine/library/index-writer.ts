/** @file Writes what was read of files into the index, many at a time: each commit costs about as much as a thousand rows. */
import type { FileTable, StoredFile } from './store/store'

export interface IndexWriter {
  add(file: StoredFile): void
  /** Resolves when everything added so far is on the disk. @throws what the table throws; the rows are kept for the next try */
  flush(): Promise<void>
  /** Writes nothing any more. */
  stop(): void
}

const largestBatch = 2_000
const holdMs = 2_000

/**
 * A writer into `files`. A failure is told once until a write succeeds again, and by every `flush`; viewing pictures needs no index
 * and goes on.
 */
export function createIndexWriter(files: Pick<FileTable, 'put'>, onTrouble: (error: unknown) => void): IndexWriter {
  // By path, so that what was read twice is written as it was last.
  let held = new Map<string, StoredFile>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  let failing = false
  let stopped = false

  const write = async (): Promise<void> => {
    if (held.size === 0 || stopped) return
    const batch = held
    held = new Map()
    try {
      await files.put([...batch.values()])
      failing = false
    } catch (error) {
      held = new Map([...batch, ...held])
      if (!failing) onTrouble(error)
      failing = true
      throw error
    }
  }
  const flush = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    // One after the other; a failure of the one before is not this one's.
    const next = writing.catch(() => undefined).then(write)
    writing = next
    return next
  }
  const flushLater = (): void => {
    // Whoever asks for a flush hears of the failure, and `onTrouble` did.
    flush().catch(() => undefined)
  }
  return {
    add: (file) => {
      if (stopped) return
      held.set(file.relativePath, file)
      // While writes fail, only time leads to the next try.
      if (held.size >= largestBatch && !failing) flushLater()
      else timer ??= setTimeout(flushLater, holdMs)
    },
    flush,
    stop: () => {
      stopped = true
      clearTimeout(timer)
      held.clear()
    },
  }
}
