/** @file One opened folder: its pictures under their opaque ids, and what is known of each. */
import { randomBytes } from 'node:crypto'
import type { FileProblem, ImageEntry, LibrarySummary } from '../contract'
import type { FilePath } from '../files'
import type { ScannedImage } from './scan'

/** A picture of an opened folder, for the engine's own use: paths do not leave it. */
export interface LibraryImage {
  readonly id: string
  readonly libraryId: string
  readonly path: FilePath
  readonly name: string
  readonly relativePath: string
  /** At the scan. */
  readonly sizeBytes: number
  /** Why it could not be decoded, as far as is known. */
  readonly problem: FileProblem | undefined
  /** sha256 of the bytes, hex; undefined until the file has been read. */
  readonly hash: string | undefined
  /** 64-bit difference hash of the picture as shown, 16 hex digits; undefined until it has been decoded. */
  readonly look: string | undefined
  /** Whether the file was gone when the folder was last looked at. */
  readonly gone: boolean
}

/** Size and time of a file, by which a change is noticed. */
export interface FileStamp {
  readonly sizeBytes: number
  readonly modifiedMs: number
}

/** What is known of one picture; changes as it is looked at. */
export interface ImageRecord {
  readonly id: string
  readonly libraryId: string
  readonly scanned: ScannedImage
  /** Of the file when it was last decoded, or when that failed. */
  stamp: FileStamp | undefined
  state: 'unchecked' | 'whole' | 'broken'
  problem: FileProblem | undefined
}

/** What becomes of one picture. */
export type Finding =
  | { readonly kind: 'whole'; readonly width: number; readonly height: number }
  | { readonly kind: 'broken'; readonly problem: FileProblem }

/** An opened folder. */
export interface Library {
  readonly id: string
  /** Real path. */
  readonly root: string
  readonly records: ImageRecord[]
  skipped: number
  broken: number
  /** Told of every finding while the folder is being read; does nothing afterwards. */
  onFinding(record: ImageRecord, finding: Finding, isFirst: boolean): void
  readonly closing: AbortController
}

const idBytes = 16

/** An id that tells nothing and cannot be guessed. */
export function createId(): string {
  return randomBytes(idBytes).toString('base64url')
}

export function createLibrary(root: string): Library {
  return { id: createId(), root, records: [], skipped: 0, broken: 0, onFinding: () => undefined, closing: new AbortController() }
}

export function addImage(library: Library, scanned: ScannedImage): ImageRecord {
  const record: ImageRecord = { id: createId(), libraryId: library.id, scanned, stamp: undefined, state: 'unchecked', problem: undefined }
  library.records.push(record)
  return record
}

/** Writes down what became of a picture, and passes it on where it is news: always when its file has `changed`. */
export function settle(library: Library, record: ImageRecord, finding: Finding, changed = false): void {
  const before = record.state
  record.state = finding.kind
  record.problem = finding.kind === 'broken' ? finding.problem : undefined
  library.broken += Number(finding.kind === 'broken') - Number(before === 'broken')
  if (changed || before !== finding.kind) library.onFinding(record, finding, before === 'unchecked')
}

export function imageEntry({ id, scanned }: ImageRecord): ImageEntry {
  return { id, name: scanned.name, relativePath: scanned.relativePath, sizeBytes: scanned.sizeBytes, modifiedMs: scanned.modifiedMs }
}

export function libraryImage({ id, libraryId, scanned, problem }: ImageRecord): LibraryImage {
  return { id, libraryId, path: scanned.path, name: scanned.name, relativePath: scanned.relativePath, sizeBytes: scanned.sizeBytes, problem, hash: undefined, look: undefined, gone: false }
}

export function summarise({ id, records, broken, skipped }: Library): LibrarySummary {
  return { libraryId: id, images: records.length, broken, skipped, gone: 0, offline: false }
}
