/** @file The opened folders: read while they are opened, followed as long as they are open, asked for their pictures by id. */
import { basename, join, resolve } from 'node:path'
import { EngineError, type FolderInfo, type JobContext, type LibraryChanges, type LibraryEvent, type LibrarySummary, type RenderedImage } from '../contract'
import { createFolders } from './folders'
import { followFolder, type FollowTimes, type Following } from './follow'
import { readIndex } from './index-reading'
import { createIndexWriter, type IndexWriter } from './index-writer'
import type { ImageRecord, LibraryImage } from './image-record'
import { createLibrary, findById, storedFile, summarise, type Library } from './library'
import { createPictures, type PictureBytes } from './pictures'
import { readFolder } from './reading'
import { markGone, settleBroken, settleWhole } from './reconcile'
import { isEmptyFolder, requireFolder } from './scan'
import type { FileTable, StoredFile } from './store/store'
import { createReadProgress, createTeller, silentTeller, type Teller } from './teller'
import { createThumbs } from './thumbs'

/** Opened folders and their pictures. */
export interface Libraries {
  /**
   * Tells what the index knows of a folder, scans it and reads every picture that is new or has changed, telling what it finds as it
   * goes. A known folder that cannot be reached is opened as it was known. What was found before a cancel or a failure stays open.
   * @throws EngineError SOURCE_UNAVAILABLE when the folder cannot be read (any more), DISK when the index cannot be written; the signal's reason
   */
  open(path: string, context: JobContext<LibraryEvent>): Promise<LibrarySummary>
  /** @throws EngineError NOT_FOUND */
  image(imageId: string): LibraryImage
  /** The row of a picture in its folder. @throws EngineError NOT_FOUND */
  rowOf(imageId: string): number
  /** The real path of an opened folder. @throws EngineError NOT_FOUND */
  root(libraryId: string): string
  /** All pictures of a folder by their rows, as far as it has been scanned, broken and gone ones among them. @throws EngineError NOT_FOUND */
  images(libraryId: string): readonly LibraryImage[]
  /** For each hash the rows of the pictures with these bytes, rising, gone ones among them. @throws EngineError NOT_FOUND */
  rowsOfHashes(libraryId: string, hashes: readonly string[]): readonly (readonly number[])[]
  /** A picture's bytes as they are now, with their hash. @throws EngineError NOT_FOUND, IMG_TOO_LARGE, NOT_A_FILE, FILE_CHANGING or SOURCE_UNAVAILABLE */
  readBytes(imageId: string): Promise<PictureBytes>
  /** @throws EngineError NOT_FOUND, IMG_…, NOT_A_FILE, FILE_CHANGING or SOURCE_UNAVAILABLE */
  render(imageId: string, maxEdge: number): Promise<RenderedImage>
  /** Forgets an opened folder's pictures until it is opened again; a scan of it ends. @throws EngineError NOT_FOUND */
  close(libraryId: string): void
  /** Folders that were opened before, newest first. */
  folders(): Promise<readonly FolderInfo[]>
  /** Forgets what the index knows of a folder's files. @throws EngineError NOT_FOUND, DISK */
  forget(path: string): Promise<void>
  /** Closes everything and waits for what is being written. */
  dispose(): Promise<void>
}

export interface LibrariesOptions {
  readonly files: FileTable
  /** Keeps `thumbs/` and `folders.json`. */
  readonly workspace: string
  /** Bytes of thumbnails on the disk. */
  readonly thumbsBytes?: number
  /** Told what happens in a folder after it has been opened. */
  onChanged?(changes: LibraryChanges): void
  /** Told what goes wrong where nobody waits. */
  onTrouble?(error: unknown): void
  readonly followTimes?: FollowTimes
}

/** Enough for 100 000 photographs. */
const usualThumbsBytes = 4 * 2 ** 30

/** An opened folder, and what goes on in it. */
interface Opened {
  readonly library: Library
  readonly index: IndexWriter
  readonly following: Following
}

export function createLibraries(options: LibrariesOptions): Libraries {
  const { files, workspace, thumbsBytes = usualThumbsBytes, onChanged, onTrouble = () => undefined, followTimes } = options
  const opened = new Map<string, Opened>()
  const lastWrites = new Set<Promise<void>>()
  const folders = createFolders(join(workspace, 'folders.json'), files)
  const thumbs = createThumbs({ folder: join(workspace, 'thumbs'), maxBytes: thumbsBytes, onTrouble })

  const requireOpened = (libraryId: string): Opened => {
    const found = opened.get(libraryId)
    if (found === undefined) throw new EngineError('NOT_FOUND', 'no folder with this id is open', { detail: { libraryId } })
    return found
  }
  const requireImage = (imageId: string): { readonly library: Library; readonly record: ImageRecord } => {
    for (const { library } of opened.values()) {
      const record = findById(library, imageId)
      if (record !== undefined) return { library, record }
    }
    throw new EngineError('NOT_FOUND', 'no open folder has a picture with this id', { detail: { imageId } })
  }

  const writeDown = (library: Library, record: ImageRecord): void => {
    const stored = storedFile(library, record)
    if (stored !== undefined) opened.get(library.id)?.index.add(stored)
  }
  const pictures = createPictures(thumbs, {
    whole: (library, record, picture) => {
      settleWhole(library, record, picture)
      writeDown(library, record)
    },
    broken: (library, record, problem, read) => {
      settleBroken(library, record, problem, read)
      if (read !== undefined) writeDown(library, record)
    },
  })

  const begin = (root: string, teller: Teller): Opened => {
    const library = createLibrary(root, teller)
    const following = followFolder(library, { pictures, signal: library.closing.signal, onTrouble }, followTimes)
    const here = { library, following, index: createIndexWriter(files, onTrouble) }
    opened.set(library.id, here)
    return here
  }

  /** Where a folder lies, and whether it is there: a known one need not be. */
  const locate = async (path: string): Promise<{ readonly root: string; readonly stored: readonly StoredFile[]; readonly offline: boolean }> => {
    let root: string
    try {
      root = await requireFolder(path)
    } catch (error) {
      root = resolve(path)
      if (!(await folders.isKnown(root))) throw error
      return { root, stored: await files.list(root), offline: true }
    }
    const stored = await files.list(root)
    // Where a drive belongs that is not there lies an empty folder.
    return { root, stored, offline: stored.length > 0 && (await isEmptyFolder(root)) }
  }

  const read = async ({ library, following }: Opened, signal: AbortSignal, emit: (event: LibraryEvent) => void): Promise<void> => {
    const progress = createReadProgress((event) => {
      if (!signal.aborted) emit(event)
    })
    await readFolder(library, undefined, { pictures, signal, onFolder: following.add, onQueued: progress.queued, onRead: progress.read })
    progress.finish()
  }

  /** Afterwards all pages are told what happens. */
  const tellAll = (library: Library): void => {
    library.teller.stop()
    const { id: libraryId } = library
    library.teller = onChanged === undefined ? silentTeller : createTeller((event) => { onChanged({ libraryId, events: [event] }) })
  }

  const close = (libraryId: string): void => {
    const { library, following, index } = requireOpened(libraryId)
    library.closing.abort(new EngineError('CANCELLED', 'the folder was closed'))
    opened.delete(libraryId)
    following.close()
    library.teller.stop()
    const last = index.flush().catch(() => undefined).finally(() => lastWrites.delete(last))
    lastWrites.add(last)
  }

  return {
    open: async (path, { signal: cancelled, emit }) => {
      const { root, stored, offline } = await locate(path)
      cancelled.throwIfAborted()
      const here = begin(root, createTeller(emit))
      const { library, following, index } = here
      const signal = AbortSignal.any([cancelled, library.closing.signal])
      emit({ kind: 'opened', libraryId: library.id, name: basename(root) || root })
      let done = false
      try {
        await readIndex(library, stored, signal)
        library.offline = offline
        if (offline) markGone(library, library.records)
        else await read(here, signal, emit)
        await folders.opened(root)
        await index.flush()
        done = true
        return summarise(library)
      } finally {
        tellAll(library)
        if (!done) await index.flush().catch(() => undefined)
        if (signal.aborted) following.close()
        else if (done && !offline) following.start()
        else following.wait()
        void thumbs.prune()
      }
    },
    image: (imageId) => requireImage(imageId).record,
    rowOf: (imageId) => requireImage(imageId).record.row,
    root: (libraryId) => requireOpened(libraryId).library.root,
    images: (libraryId) => requireOpened(libraryId).library.records.slice(),
    rowsOfHashes: (libraryId, hashes) => {
      const rows = new Map<string, number[]>(hashes.map((hash) => [hash, []]))
      for (const { hash, row } of requireOpened(libraryId).library.records) if (hash !== undefined) rows.get(hash)?.push(row)
      return hashes.map((hash) => rows.get(hash) ?? [])
    },
    readBytes: async (imageId) => {
      const { library, record } = requireImage(imageId)
      return pictures.read(library, record)
    },
    render: async (imageId, maxEdge) => {
      const { library, record } = requireImage(imageId)
      return pictures.render(library, record, maxEdge)
    },
    close,
    folders: folders.list,
    forget: async (path) => {
      const root = await requireFolder(path).catch(() => resolve(path))
      for (const { library, index } of opened.values()) if (library.root === root) index.stop()
      await folders.forget(root)
    },
    dispose: async () => {
      for (const libraryId of [...opened.keys()]) close(libraryId)
      await Promise.all([...lastWrites, thumbs.prune()])
    },
  }
}
