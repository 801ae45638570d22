/** @file Opening files that somebody else made: regular files only, never through a link, never blocking on a pipe. */
import { constants } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'
import { EngineError, messageOf } from '../contract'

/** Paths are strings, or bytes where a name is not valid UTF-8. */
export type FilePath = string | Buffer

// Absent on Windows, where neither FIFOs nor O_NOFOLLOW exist.
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0)

/**
 * Opens a regular file for reading. `lstat` first, because opening a device can have effects; `fstat` after, because
 * the file may have been swapped in between. The caller closes the handle.
 * @throws EngineError NOT_A_FILE for anything but a regular file, SOURCE_UNAVAILABLE when it cannot be opened
 */
export async function openRegularFile(path: FilePath): Promise<FileHandle> {
  const name = path.toString()
  const notAFile = (): EngineError => new EngineError('NOT_A_FILE', `${name} is not a regular file`, { detail: { path: name } })
  const unavailable = (cause: unknown): EngineError =>
    new EngineError('SOURCE_UNAVAILABLE', `${name} cannot be read: ${messageOf(cause)}`, { detail: { path: name }, cause })
  const before = await lstat(path).catch((error: unknown) => {
    throw unavailable(error)
  })
  if (!before.isFile()) throw notAFile()
  const handle = await open(path, openFlags).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ELOOP' ? notAFile() : unavailable(error)
  })
  const after = await handle.stat()
  if (!after.isFile()) {
    await handle.close()
    throw notAFile()
  }
  return handle
}

/**
 * Reads a whole regular file of at most `maxBytes`.
 * @throws EngineError as {@link openRegularFile}, or BAD_REQUEST when the file is larger
 */
export async function readRegularFile(path: FilePath, maxBytes: number): Promise<Buffer> {
  const handle = await openRegularFile(path)
  try {
    const { size } = await handle.stat()
    if (size > maxBytes)
      throw new EngineError('BAD_REQUEST', `${path.toString()} has ${size} bytes; at most ${maxBytes} are read here`, { detail: { path: path.toString(), size, maxBytes } })
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}
