/** @file A picture's bytes together with the state of the file they were read from: no bytes of a file that was being written. */
import { setTimeout } from 'node:timers/promises'
import type { BigIntStats } from 'node:fs'
import { EngineError } from '../contract'
import type { FilePath } from '../files'
import { readImageFile } from '../image'
import { readStats, stampOf, type FileStamp } from './stamp'

export interface SettledBytes {
  readonly bytes: Buffer
  readonly stamp: FileStamp
}

/** A write that takes longer than this will be heard of again when it ends. */
const secondTryMs = 250

/** Device and inode tell a replaced file, the change time one whose time was set back. */
function isSameState(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs
}

type Read = (path: FilePath) => Promise<Buffer>

async function readOnce(path: FilePath, read: Read): Promise<SettledBytes | undefined> {
  const before = await readStats(path)
  const bytes = await read(path)
  const after = await readStats(path)
  return isSameState(before, after) && BigInt(bytes.length) === after.size ? { bytes, stamp: stampOf(after) } : undefined
}

/**
 * Reads a picture file whose state is the same before and after; one that changed meanwhile is tried once more.
 * @param read how the bytes are read
 * @throws EngineError FILE_CHANGING when it changed again, else as `readImageFile`
 */
export async function readSettled(path: FilePath, read: Read = readImageFile): Promise<SettledBytes> {
  const first = await readOnce(path, read)
  if (first !== undefined) return first
  await setTimeout(secondTryMs)
  const second = await readOnce(path, read)
  if (second !== undefined) return second
  throw new EngineError('FILE_CHANGING', `${path.toString()} is being written; it is read when that has ended`, { detail: { path: path.toString() } })
}
