/** @file Adding to a file of records that are all alike: a record is there whole or not at all. */
import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EngineError, messageOf } from '../contract'
import { syncFolder } from './write'

/**
 * Adds whole records behind those that are there, and makes the file where there is none; what a power cut has left of a record
 * is cut off first. On the disk when it resolves. Nobody else adds to the file meanwhile.
 * @param recordBytes length of one record; `records` is a multiple of it
 * @throws EngineError DISK when the file system refuses; nothing is added then
 */
export async function appendRecords(path: string, recordBytes: number, records: Uint8Array): Promise<void> {
  let handle: FileHandle | undefined
  try {
    await mkdir(dirname(path), { recursive: true })
    handle = await open(path, 'a')
    const { size } = await handle.stat()
    const whole = size - (size % recordBytes)
    if (whole < size) await handle.truncate(whole)
    try {
      await handle.writeFile(records)
      await handle.datasync()
    } catch (error) {
      await handle.truncate(whole).catch(() => undefined)
      throw error
    }
    if (whole === 0) await syncFolder(dirname(path))
  } catch (error) {
    throw new EngineError('DISK', `${path} cannot be written: ${messageOf(error)}`, { detail: { path, code: (error as NodeJS.ErrnoException).code }, cause: error })
  } finally {
    await handle?.close()
  }
}
