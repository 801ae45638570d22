/** @file Holds what a scan finds against what is known of a folder, and settles what reading a file has shown. */
import type { FileProblem } from '../contract'
import type { ImageRecord } from './image-record'
import { addImage, findByPath, splitPath, type FoundFile, type Library } from './library'
import type { FileStamp } from './stamp'

/** What reading a file whole has shown. */
export interface WholePicture {
  readonly stamp: FileStamp
  readonly hash: string
  readonly look: string
  readonly width: number
  readonly height: number
}

/** Whether a problem lies in the bytes, and so stays until they change. What kept a file from being read may have passed. */
export function isLasting(problem: FileProblem | undefined): boolean {
  return problem?.code.startsWith('IMG_') === true
}

/** Whether a file has to be read, again or for the first time, when its state is `stamp`. */
export function mustRead(record: ImageRecord, stamp: FileStamp): boolean {
  if (!record.wasReadAs(stamp)) return true
  return record.state === 'broken' ? !isLasting(record.problem) : record.state === 'unread'
}

/** Takes in files that a scan found; gives those that have to be read. New ones are appended, none is moved. */
export function takeIn(library: Library, files: readonly FoundFile[]): readonly ImageRecord[] {
  const added: ImageRecord[] = []
  const back: ImageRecord[] = []
  const toRead: ImageRecord[] = []
  for (const file of files) {
    const known = findByPath(library, file.relativePath)
    const record = known ?? addImage(library, ...splitPath(file.relativePath), file)
    if (record === undefined) continue
    if (known === undefined) added.push(record)
    else {
      record.seen = library.scans
      record.sizeBytes = file.sizeBytes
      record.modifiedMs = file.modifiedMs
      if (record.gone) back.push(record)
    }
    if (mustRead(record, file)) toRead.push(record)
  }
  for (const record of back) record.gone = false
  library.gone -= back.length
  if (added.length > 0) library.teller.found(added)
  if (back.length > 0) library.teller.back(back)
  return toRead
}

/** Marks pictures as gone. What is known of them stays. */
export function markGone(library: Library, records: readonly ImageRecord[]): void {
  const gone = records.filter((record) => !record.gone)
  if (gone.length === 0) return
  for (const record of gone) record.gone = true
  library.gone += gone.length
  library.teller.gone(gone)
}

/** Pictures below `prefix` that the last scan has not seen. What lies in folders that cannot be read is not gone but unknown. */
export function unseen({ records, scans }: Library, prefix: string, unreadable: readonly string[]): readonly ImageRecord[] {
  const isBelow = ({ relativePath }: ImageRecord): boolean => relativePath.startsWith(prefix) && !unreadable.some((folder) => relativePath.startsWith(folder))
  // A path is put together each time that it is asked for: of 100 000 pictures that were seen it is not.
  return records.filter((record) => record.seen !== scans && !record.gone && isBelow(record))
}

/** Writes down that a picture was read whole, and tells what is news of it. */
export function settleWhole(library: Library, record: ImageRecord, { stamp, hash, look, width, height }: WholePicture): void {
  const changed = record.hash !== undefined && record.hash !== hash
  const news = changed || record.state !== 'whole'
  library.broken -= Number(record.state === 'broken')
  record.readAs(stamp)
  Object.assign(record, { hash, look, width, height, state: 'whole', problem: undefined } satisfies Partial<ImageRecord>)
  if (library.byHash.get(hash)?.hash !== hash) library.byHash.set(hash, record)
  if (changed) library.teller.changed(record)
  if (news) library.teller.checked(record)
}

/**
 * Writes down why a picture could not be read, and tells what is news of it.
 * @param read what was read nevertheless, when only decoding failed
 */
export function settleBroken(library: Library, record: ImageRecord, problem: FileProblem, read: { readonly stamp: FileStamp; readonly hash: string } | undefined): void {
  const changed = read !== undefined && record.hash !== undefined && record.hash !== read.hash
  const news = changed || record.state !== 'broken' || record.problem?.code !== problem.code
  library.broken += Number(record.state !== 'broken')
  record.state = 'broken'
  record.problem = problem
  if (read !== undefined) {
    record.readAs(read.stamp)
    Object.assign(record, { hash: read.hash, look: undefined, width: 0, height: 0 } satisfies Partial<ImageRecord>)
  }
  if (changed) library.teller.changed(record)
  if (news) library.teller.broken(record, problem)
}

/** Another picture of the same bytes, which need not be decoded again. */
export function twinOf({ byHash }: Library, hash: string): ImageRecord | undefined {
  const twin = byHash.get(hash)
  return twin?.state === 'whole' && twin.hash === hash ? twin : undefined
}
