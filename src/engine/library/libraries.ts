/** @file The opened folders: scanned and checked while they are opened, then asked for their pictures by id. */
import { basename } from 'node:path'
import { EngineError, type ImageCheck, type JobContext, type LibraryEvent, type LibrarySummary, type RenderedImage } from '../contract'
import { createProgress, type ProgressReporter } from '../progress'
import { createBacklog } from './backlog'
import { createEventBatch } from './event-batch'
import { addImage, createLibrary, imageEntry, libraryImage, summarise, type ImageRecord, type Library, type LibraryImage } from './library'
import { createPictures } from './pictures'
import { requireFolder, scanFolder } from './scan'

/** Opened folders and their pictures. */
export interface Libraries {
  /**
   * Scans a folder and decodes every picture in it once, telling what it finds as it goes. What was found before a cancel
   * or a failure stays open.
   * @throws EngineError SOURCE_UNAVAILABLE when the folder cannot be read; the signal's reason
   */
  open(path: string, context: JobContext<LibraryEvent>): Promise<LibrarySummary>
  /** @throws EngineError NOT_FOUND */
  image(imageId: string): LibraryImage
  /** The real path of an opened folder. @throws EngineError NOT_FOUND */
  root(libraryId: string): string
  /** All pictures of a folder as far as it has been scanned, broken ones among them. @throws EngineError NOT_FOUND */
  images(libraryId: string): readonly LibraryImage[]
  /** @throws EngineError NOT_FOUND, IMG_…, NOT_A_FILE or SOURCE_UNAVAILABLE */
  render(imageId: string, maxEdge: number): Promise<RenderedImage>
  /** Forgets a folder and its pictures; a scan of it ends. @throws EngineError NOT_FOUND */
  close(libraryId: string): void
}

const checksAtOnce = 2

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

/** Turns findings into the events of a running job, a few at a time. */
function reportFindings(library: Library, emit: (event: LibraryEvent) => void) {
  let progress: ProgressReporter | undefined
  const found = createEventBatch<ImageRecord>((records) => {
    emit({ kind: 'found', images: records.map(imageEntry) })
  })
  const checks = createEventBatch<ImageCheck>((items) => {
    emit({ kind: 'checked', checks: items })
  })
  library.onFinding = (record, finding, isFirst) => {
    // A page must know a picture before it hears what became of it.
    found.flush()
    if (finding.kind === 'whole') checks.add([{ id: record.id, width: finding.width, height: finding.height }])
    else emit({ kind: 'broken', id: record.id, problem: finding.problem })
    if (isFirst) progress?.advance(1)
  }
  const flush = (): void => {
    found.flush()
    checks.flush()
  }
  return {
    found: (records: readonly ImageRecord[]): void => {
      if (records.length === 0) return
      if (progress === undefined) progress = createProgress('Reading pictures', records.length, emit)
      else progress.grow(records.length)
      found.add(records)
    },
    finish: (): void => {
      flush()
      progress?.finish()
    },
    /** Sends what is held back and then nothing any more. */
    stop: (): void => {
      library.onFinding = () => undefined
      flush()
      found.drop()
      checks.drop()
    },
  }
}

export function createLibraries(): Libraries {
  const libraries = new Map<string, Library>()
  const records = new Map<string, ImageRecord>()
  const pictures = createPictures()

  const requireLibrary = (libraryId: string): Library => {
    const library = libraries.get(libraryId)
    if (library === undefined) throw new EngineError('NOT_FOUND', 'no folder with this id is open', { detail: { libraryId } })
    return library
  }
  const requireRecord = (imageId: string): ImageRecord => {
    const record = records.get(imageId)
    if (record === undefined) throw new EngineError('NOT_FOUND', 'no open folder has a picture with this id', { detail: { imageId } })
    return record
  }

  /** Scans and checks side by side, so that the first pictures can be seen while the folder is still being read. */
  const read = async (library: Library, root: string, signal: AbortSignal, emit: (event: LibraryEvent) => void, report: ReturnType<typeof reportFindings>): Promise<void> => {
    const backlog = createBacklog<ImageRecord>()
    const scan = async (): Promise<void> => {
      try {
        for await (const { images, skipped } of scanFolder(root, { signal })) {
          signal.throwIfAborted()
          const added = images.map((image) => addImage(library, image))
          for (const record of added) records.set(record.id, record)
          report.found(added)
          for (const problem of skipped) emit({ kind: 'skipped', problem })
          library.skipped += skipped.length
          backlog.push(added)
        }
      } finally {
        backlog.close()
      }
    }
    const check = async (): Promise<void> => {
      for (let record = await backlog.next(); record !== undefined; record = await backlog.next()) {
        signal.throwIfAborted()
        await pictures.check(library, record)
        // When the folder itself has gone, that is one problem and not one for each picture.
        if (record.problem?.code === 'SOURCE_UNAVAILABLE') await requireFolder(root)
      }
    }
    await Promise.all([scan(), ...Array.from({ length: checksAtOnce }, check)])
  }

  return {
    open: async (path, { signal: cancelled, emit }) => {
      const root = await requireFolder(path)
      const library = createLibrary(root)
      // A failure of one part ends the others.
      const failed = new AbortController()
      const signal = AbortSignal.any([cancelled, library.closing.signal, failed.signal])
      signal.throwIfAborted()
      const report = reportFindings(library, emit)
      libraries.set(library.id, library)
      emit({ kind: 'opened', libraryId: library.id, name: basename(root) || root })
      const emitWhileRunning = (event: LibraryEvent): void => {
        if (!signal.aborted) emit(event)
      }
      try {
        await untilAborted(read(library, root, signal, emitWhileRunning, report), signal)
        report.finish()
        return summarise(library)
      } finally {
        report.stop()
        failed.abort()
      }
    },
    image: (imageId) => libraryImage(requireRecord(imageId)),
    root: (libraryId) => requireLibrary(libraryId).root,
    images: (libraryId) => requireLibrary(libraryId).records.map(libraryImage),
    render: async (imageId, maxEdge) => {
      const record = requireRecord(imageId)
      return pictures.render(requireLibrary(record.libraryId), record, maxEdge)
    },
    close: (libraryId) => {
      const library = requireLibrary(libraryId)
      library.closing.abort(new EngineError('CANCELLED', 'the folder was closed'))
      libraries.delete(libraryId)
      for (const record of library.records) {
        records.delete(record.id)
        pictures.forget(record)
      }
    },
  }
}
