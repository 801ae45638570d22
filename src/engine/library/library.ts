/** @file One opened folder: the pictures below it, and what is known of it as a whole. */
import { randomBytes } from 'node:crypto'
import type { LibrarySummary } from '../contract'
import type { FilePath } from '../files'
import { ImageRecord, pictureIdBytes, type RecordFolder } from './image-record'
import { childPath, rawName } from './names'
import type { FileStamp } from './stamp'
import type { StoredFile } from './store/store'
import type { Teller } from './teller'

/** A file as a scan finds it. */
export interface FoundFile extends FileStamp {
  readonly path: FilePath
  readonly name: string
  /** Below the scanned folder, with `/`, escaped where the name is not UTF-8. */
  readonly relativePath: string
}

/** An opened folder. */
export interface Library {
  readonly id: string
  /** What the ids of its pictures begin with. */
  readonly idPrefix: string
  /** Real path. */
  readonly root: string
  readonly records: ImageRecord[]
  /** By what relative paths in them begin with; undefined for one that would lead out of the root. */
  readonly folders: Map<string, RecordFolder | undefined>
  /** One whole picture of each content. */
  readonly byHash: Map<string, ImageRecord>
  skipped: number
  broken: number
  gone: number
  offline: boolean
  /** Which folder the root was when it was last scanned. */
  identity: string
  /** Number of the last scan. */
  scans: number
  /** Whoever is told what happens: who opens the folder at first, all pages afterwards. */
  teller: Teller
  readonly closing: AbortController
}

const idBytes = 16

/** An id that tells nothing and cannot be guessed. */
export function createId(bytes = idBytes): string {
  return randomBytes(bytes).toString('base64url')
}

export function createLibrary(root: string, teller: Teller): Library {
  return {
    id: createId(),
    idPrefix: createId(idBytes - pictureIdBytes),
    root,
    records: [],
    folders: new Map(),
    byHash: new Map(),
    skipped: 0,
    broken: 0,
    gone: 0,
    offline: false,
    identity: '',
    scans: 0,
    teller,
    closing: new AbortController(),
  }
}

/** Names that no scan gives, since they would lead elsewhere. */
const leadsElsewhere = new Set(['', '.', '..'])

/**
 * The folder of the root in which relative paths begin with `prefix`, which is empty or ends with `/`. Undefined where no scan can
 * have given such a path.
 */
export function folderAt(library: Library, prefix: string): RecordFolder | undefined {
  const { folders, root, id: libraryId, idPrefix } = library
  if (folders.has(prefix)) return folders.get(prefix)
  const folder = (path: FilePath): RecordFolder => ({ libraryId, idPrefix, path, prefix, byName: new Map() })
  const make = (): RecordFolder | undefined => {
    if (prefix === '') return folder(root)
    // Without a name a prefix would be its own parent.
    if (prefix === '/') return undefined
    const nameAt = prefix.lastIndexOf('/', prefix.length - 2) + 1
    const raw = rawName(prefix.slice(nameAt, -1))
    const parent = folderAt(library, prefix.slice(0, nameAt))
    return parent === undefined || leadsElsewhere.has(raw) ? undefined : folder(childPath(parent.path, raw))
  }
  const made = make()
  folders.set(prefix, made)
  return made
}

/** What a relative path begins with, and the name that is left. */
export function splitPath(relativePath: string): readonly [prefix: string, name: string] {
  const nameAt = relativePath.lastIndexOf('/') + 1
  return [relativePath.slice(0, nameAt), relativePath.slice(nameAt)]
}

export function findByPath({ folders }: Library, relativePath: string): ImageRecord | undefined {
  const [prefix, name] = splitPath(relativePath)
  return folders.get(prefix)?.byName.get(name)
}

export function findById({ records, idPrefix }: Library, imageId: string): ImageRecord | undefined {
  if (!imageId.startsWith(idPrefix)) return undefined
  const row = Buffer.from(imageId.slice(idPrefix.length), 'base64url')
  const record = row.length === pictureIdBytes ? records[row.readUInt32BE()] : undefined
  return record?.id === imageId ? record : undefined
}

/** Appends a picture that has not been read; undefined for a file that would lie outside the root. */
export function addImage(library: Library, prefix: string, name: string, stamp: FileStamp): ImageRecord | undefined {
  const folder = folderAt(library, prefix)
  if (folder === undefined || leadsElsewhere.has(rawName(name))) return undefined
  const record = new ImageRecord(folder, name, library.records.length, stamp, library.scans)
  library.records.push(record)
  folder.byName.set(name, record)
  return record
}

/** Appends a picture as the index knows it; undefined for one that no scan can have given. */
export function addStored(library: Library, stored: StoredFile): ImageRecord | undefined {
  const { relativePath, hash, look, width, height, problemCode, problemReason } = stored
  const record = addImage(library, ...splitPath(relativePath), stored)
  if (record === undefined) return undefined
  record.readAs(stored)
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

/** What the index keeps of a picture that has been read; undefined where the file has to be tried again in any case. */
export function storedFile({ root }: Library, record: ImageRecord): StoredFile | undefined {
  const { relativePath, stamp, hash, width, height, look, problem } = record
  if (stamp === undefined || hash === undefined) return undefined
  return { root, relativePath, ...stamp, hash, width, height, look, problemCode: problem?.code, problemReason: problem?.reason }
}

export function summarise({ id, records, broken, skipped, gone, offline }: Library): LibrarySummary {
  return { libraryId: id, images: records.length, broken, skipped, gone, offline }
}
