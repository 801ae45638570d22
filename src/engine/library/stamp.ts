/** @file Size and time of a file, by which a change is noticed, and who it is while it is being read. */
import type { BigIntStats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { EngineError, messageOf } from '../contract'
import type { FilePath } from '../files'

/** What is kept of a file's state from one session to the next. */
export interface FileStamp {
  readonly sizeBytes: number
  /** Whole microseconds in milliseconds: finer than any editor is quick, coarse enough for a double. */
  readonly modifiedMs: number
}

export function stampOf({ size, mtimeNs }: BigIntStats): FileStamp {
  return { sizeBytes: Number(size), modifiedMs: Number(mtimeNs / 1_000n) / 1_000 }
}

/** @throws EngineError SOURCE_UNAVAILABLE naming the file */
export async function readStats(path: FilePath): Promise<BigIntStats> {
  return lstat(path, { bigint: true }).catch((error: unknown) => {
    throw new EngineError('SOURCE_UNAVAILABLE', `${path.toString()} cannot be read: ${messageOf(error)}`, { cause: error })
  })
}

/** @throws EngineError SOURCE_UNAVAILABLE naming the file */
export async function readStamp(path: FilePath): Promise<FileStamp> {
  return stampOf(await readStats(path))
}
