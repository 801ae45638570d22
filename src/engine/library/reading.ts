/** @file Reads a folder: what lies in it is held against what is known, and files that are new or changed are read. */
import { createBacklog } from './backlog'
import type { ScanFolder } from './examine-entry'
import type { ImageRecord } from './image-record'
import type { Library } from './library'
import type { Pictures } from './pictures'
import { markGone, takeIn, unseen } from './reconcile'
import { identifyFolder, requireSameFolder, scanFolder } from './scan'

export interface ReadingContext {
  readonly pictures: Pick<Pictures, 'check'>
  readonly signal: AbortSignal
  /** Told of every folder before it is listed. */
  onFolder(folder: ScanFolder): void
  /** So many more files have to be read. */
  onQueued(count: number): void
  /** One of them has been. */
  onRead(): void
}

const readsAtOnce = 2

/** Resolves or rejects with `work`, or rejects as soon as `signal` is aborted: a decode under way cannot be stopped, but nobody waits for it. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error)
    }
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort)
    })
  })
}

/** Does several things side by side; the failure of one ends the others. */
async function together(signal: AbortSignal, start: (signal: AbortSignal) => readonly Promise<void>[]): Promise<void> {
  const failed = new AbortController()
  const both = AbortSignal.any([signal, failed.signal])
  try {
    await untilAborted(Promise.all(start(both)), both)
  } finally {
    failed.abort()
  }
}

async function readQueued(library: Library, next: () => Promise<ImageRecord | undefined>, context: ReadingContext, signal: AbortSignal): Promise<void> {
  for (let record = await next(); record !== undefined; record = await next()) {
    signal.throwIfAborted()
    await context.pictures.check(library, record)
    context.onRead()
    // When the folder itself has gone, that is one problem and not one for each picture.
    if (record.problem?.code === 'SOURCE_UNAVAILABLE') await requireSameFolder(library.root, library.identity)
  }
}

/** Reads these pictures' files. @throws EngineError SOURCE_UNAVAILABLE when the folder is gone; the signal's reason */
export async function readFiles(library: Library, records: readonly ImageRecord[], context: ReadingContext): Promise<void> {
  context.onQueued(records.length)
  let taken = 0
  const next = (): Promise<ImageRecord | undefined> => Promise.resolve(records[taken++])
  await together(context.signal, (signal) => Array.from({ length: readsAtOnce }, () => readQueued(library, next, context, signal)))
}

/**
 * Scans a folder, or one below it, and reads what is new or changed, side by side, so that the first pictures can be seen while the
 * folder is still being listed. Pictures that were not seen are told as gone, when all of the scan succeeded.
 * @throws EngineError SOURCE_UNAVAILABLE when the folder is gone; the signal's reason
 */
export async function readFolder(library: Library, below: ScanFolder | undefined, context: ReadingContext): Promise<void> {
  const backlog = createBacklog<ImageRecord>()
  if (below === undefined) library.identity = await identifyFolder(library.root)
  library.scans += 1
  const scan = async (signal: AbortSignal): Promise<void> => {
    const unreadable: string[] = []
    let skipped = 0
    try {
      for await (const batch of scanFolder(library.root, { signal, below, onFolder: context.onFolder })) {
        signal.throwIfAborted()
        const toRead = takeIn(library, batch.images)
        library.teller.skipped(batch.skipped)
        unreadable.push(...batch.unreadable)
        skipped += batch.skipped.length
        context.onQueued(toRead.length)
        backlog.push(toRead)
      }
      if (below === undefined) library.skipped = skipped
      markGone(library, unseen(library, below?.prefix ?? '', unreadable))
    } finally {
      backlog.close()
    }
  }
  await together(context.signal, (signal) => [scan(signal), ...Array.from({ length: readsAtOnce }, () => readQueued(library, backlog.next, context, signal))])
}
