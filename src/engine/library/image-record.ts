/** @file What is kept of one picture: little, since there may be 100 000 of them, and what others ask for made from that. */
import type { FileProblem, ImageEntry } from '../contract'
import type { FilePath } from '../files'
import { childPath, rawName } from './names'
import type { FileStamp } from './stamp'

/** A picture of an opened folder, for the engine's own use: paths do not leave it. Always tells what is known now. */
export interface LibraryImage {
  readonly id: string
  readonly libraryId: string
  /** Its place among `images` of its folder, for as long as that is open. */
  readonly row: number
  readonly path: FilePath
  readonly name: string
  /** Below the opened folder, with `/`, escaped where the name is not UTF-8. */
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

/** What the pictures that lie directly in one folder share. */
export interface RecordFolder {
  readonly libraryId: string
  /** What the ids of all pictures of the library begin with. */
  readonly idPrefix: string
  readonly path: FilePath
  /** Below the opened folder, with a trailing `/`; empty for that one itself. */
  readonly prefix: string
  readonly byName: Map<string, ImageRecord>
}

/** A picture's id ends with its row, in so many bytes; what it begins with nobody can guess. */
export const pictureIdBytes = 4

const neverRead = -1
const rowBytes = Buffer.alloc(pictureIdBytes)

/** One picture; changes as it is looked at. */
export class ImageRecord implements LibraryImage {
  readonly #folder: RecordFolder
  readonly name: string
  readonly row: number
  sizeBytes: number
  modifiedMs: number
  problem: FileProblem | undefined = undefined
  hash: string | undefined = undefined
  look: string | undefined = undefined
  width = 0
  height = 0
  gone = false
  state: 'unread' | 'whole' | 'broken' = 'unread'
  /** The last of the folder's scans in which it was seen. */
  seen: number
  #readSizeBytes = neverRead
  #readModifiedMs = neverRead

  constructor(folder: RecordFolder, name: string, row: number, { sizeBytes, modifiedMs }: FileStamp, scan: number) {
    this.#folder = folder
    this.name = name
    this.row = row
    this.sizeBytes = sizeBytes
    this.modifiedMs = modifiedMs
    this.seen = scan
  }

  get id(): string {
    rowBytes.writeUInt32BE(this.row)
    return this.#folder.idPrefix + rowBytes.toString('base64url')
  }

  get libraryId(): string {
    return this.#folder.libraryId
  }

  get path(): FilePath {
    return childPath(this.#folder.path, rawName(this.name))
  }

  get relativePath(): string {
    return this.#folder.prefix + this.name
  }

  /** State of the file when it was last read whole; undefined while it has not been. */
  get stamp(): FileStamp | undefined {
    return this.#readSizeBytes === neverRead ? undefined : { sizeBytes: this.#readSizeBytes, modifiedMs: this.#readModifiedMs }
  }

  /** Whether the file was in this state when it was last read whole. */
  wasReadAs({ sizeBytes, modifiedMs }: FileStamp): boolean {
    return this.#readSizeBytes === sizeBytes && this.#readModifiedMs === modifiedMs
  }

  readAs({ sizeBytes, modifiedMs }: FileStamp): void {
    this.sizeBytes = this.#readSizeBytes = sizeBytes
    this.modifiedMs = this.#readModifiedMs = modifiedMs
  }
}

export function imageEntry({ id, name, relativePath, sizeBytes, modifiedMs }: LibraryImage): ImageEntry {
  return { id, name, relativePath, sizeBytes, modifiedMs }
}
