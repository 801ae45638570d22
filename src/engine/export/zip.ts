/** @file Many files as one, for whoever takes them away. */
import { createWriteStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { EngineError, messageOf } from '../contract'

/** The same files give the same bytes: no times of theirs are kept. */
const fixedTime = new Date(1980, 0, 1)
/** Pictures and arrays of floats hardly shrink. */
const alreadySmall = /\.(?:png|jpe?g|webp|npy)$/i

/** Paths of all files below a folder, sorted, with `/`. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

/**
 * Writes all files below `folder` as the zip archive `target`, which lies outside of it. Files are read as they are written.
 * @throws EngineError DISK; the signal's reason
 */
export async function writeZip(folder: string, target: string, signal: AbortSignal): Promise<void> {
  const archive = new ZipFile()
  const failed = new Promise<never>((_, reject) => archive.on('error', reject))
  for (const name of await filesBelow(folder)) archive.addFile(join(folder, name), name, { mtime: fixedTime, mode: 0o100644, compress: !alreadySmall.test(name) })
  archive.end()
  try {
    await Promise.race([pipeline(archive.outputStream, createWriteStream(target, { flags: 'wx' }), { signal }), failed])
  } catch (error) {
    signal.throwIfAborted()
    throw new EngineError('DISK', `${target} cannot be written: ${messageOf(error)}`, { detail: { path: target }, cause: error })
  }
}
