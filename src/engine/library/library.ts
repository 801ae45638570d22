/** @file One opened folder: its pictures under their opaque ids, and what is known of each. */
import { randomFillSync } from 'node:crypto'
import type { FileProblem, ImageEntry, LibrarySummary } from '../contract'
import type { FilePath } from '../files'
import type { FileStamp } from './stamp'
import type { StoredFile } from './store/store'
import type { Teller } from './teller'

/** A picture of an opened folder, for the engine's own use: paths do not leave it. Always tells what is known now. */
export interface LibraryImage {
  readonly id: string
  readonly libraryId: string
  /** Its place among `images` of its folder, for as long as that is open. */
  readonly row: number
  readonly path: FilePath
  readonly name: string
  readonly relativePath: string
  /** When the folder was last looked at. */
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** Why it could not be decoded, as far as is known. */
  readonly problem: FileProblem | undefined
  /** sha256 of the bytes, hex; undefined until the file has been read. */
  readonly hash: string | undefined
  /** 64-bit difference hash of the picture as shown, 16 hex digits; undefined until it has been decoded. */
  readonly look: string | undefined
  /** Pixels as shown; 0 until it has been decoded. */
  readonly width: number
  readonly height: number
  /** Whether the file was gone when the folder was last looked at. */
  readonly gone: boolean
}

/** What is known of one picture; changes as it is looked at. */
export interface ImageRecord extends LibraryImage {
  sizeBytes: number
  modifiedMs: number
  problem: FileProblem | undefined
  hash: string | undefined
  look: string | undefined
  width: number
  height: number
  gone: boolean
  /** Of the file when it was last read, or when that failed. */
  stamp: FileStamp | undefined
  state: 'unread' | 'whole' | 'broken'
  /** The last of the folder's scans in which it was seen. */
  seen: number
}

/** A file as a scan finds it. */
export type FoundFile = Pick<LibraryImage, 'path' | 'name' | 'relativePath' | 'sizeBytes' | 'modifiedMs'>

/** An opened folder. */
export interface Library {
  readonly id: string
  /** Real path. */
  readonly root: string
  readonly records: ImageRecord[]
  readonly byId: Map<string, ImageRecord>
  readonly byPath: Map<string, ImageRecord>
  /** One whole picture of each content. */
  readonly byHash: Map<string, ImageRecord>
  skipped: number
  broken: number
  gone: number
  offline: boolean
  /** Number of the last scan. */
  scans: number
  /** Whoever is told what happens: who opens the folder at first, all pages afterwards. */
  teller: Teller
  readonly closing: AbortController
}

const idBytes = 16
const pool = Buffer.alloc(256 * idBytes)
let poolUsed = pool.length

/** An id that tells nothing and cannot be guessed. Made from a pool: asking for each by itself takes seconds for 100 000. */
export function createId(): string {
  if (poolUsed === pool.length) {
    randomFillSync(pool)
    poolUsed = 0
  }
  poolUsed += idBytes
  return pool.toString('base64url', poolUsed - idBytes, poolUsed)
}

export function createLibrary(root: string, teller: Teller): Library {
  return {
    id: createId(),
    root,
    records: [],
    byId: new Map(),
    byPath: new Map(),
    byHash: new Map(),
    skipped: 0,
    broken: 0,
    gone: 0,
    offline: false,
    scans: 0,
    teller,
    closing: new AbortController(),
  }
}

/** Appends a picture that has not been read. */
export function addImage(library: Library, { path, name, relativePath, sizeBytes, modifiedMs }: FoundFile): ImageRecord {
  const { id: libraryId, records, byId, byPath, scans } = library
  const record: ImageRecord = {
    id: createId(),
    libraryId,
    row: records.length,
    path,
    name,
    relativePath,
    sizeBytes,
    modifiedMs,
    problem: undefined,
    hash: undefined,
    look: undefined,
    width: 0,
    height: 0,
    gone: false,
    stamp: undefined,
    state: 'unread',
    seen: scans,
  }
  records.push(record)
  byId.set(record.id, record)
  byPath.set(relativePath, record)
  return record
}

/** Appends a picture as the index knows it. */
export function addStored(library: Library, path: FilePath, name: string, stored: StoredFile): ImageRecord {
  const { relativePath, sizeBytes, modifiedMs, hash, look, width, height, problemCode, problemReason } = stored
  const record = addImage(library, { path, name, relativePath, sizeBytes, modifiedMs })
  record.stamp = { sizeBytes, modifiedMs }
  record.hash = hash
  record.look = look
  record.width = width
  record.height = height
  if (problemCode !== undefined) {
    record.state = 'broken'
    record.problem = { relativePath, code: problemCode, reason: problemReason ?? '' }
    library.broken += 1
  } else if (hash !== undefined) {
    record.state = 'whole'
    if (!library.byHash.has(hash)) library.byHash.set(hash, record)
  }
  return record
}

export function imageEntry({ id, name, relativePath, sizeBytes, modifiedMs }: LibraryImage): ImageEntry {
  return { id, name, relativePath, sizeBytes, modifiedMs }
}

/** What the index keeps of a picture that has been read; undefined where the file has to be tried again in any case. */
export function storedFile({ root }: Library, record: ImageRecord): StoredFile | undefined {
  const { relativePath, stamp, hash, width, height, look, problem } = record
  if (stamp === undefined || hash === undefined) return undefined
  return { root, relativePath, ...stamp, hash, width, height, look, problemCode: problem?.code, problemReason: problem?.reason }
}

export function summarise({ id, records, broken, skipped, gone, offline }: Library): LibrarySummary {
  return { libraryId: id, images: records.length, broken, skipped, gone, offline }
}
