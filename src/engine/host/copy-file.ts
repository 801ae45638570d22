/** @file Copies one file of somebody's into a folder: whole, checked, under a name that nothing else has. */
import { createHash, randomBytes } from 'node:crypto'
import { isUtf8 } from 'node:buffer'
import { link, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { extname, sep } from 'node:path'
import { EngineError, messageOf } from '../contract'
import { openRegularFile, partialName, type FilePath } from '../files'

/** Why this file alone cannot be copied. */
export class NotCopied extends Error {
  constructor(
    readonly code: string,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause })
    this.name = 'NotCopied'
  }
}

const chunkBytes = 2 ** 20

/** A path in `folder`: a string wherever that names the same file, else bytes. */
export function pathIn(folder: FilePath, name: Buffer): FilePath {
  const path = Buffer.concat([Buffer.from(folder), Buffer.from(sep), name])
  return isUtf8(path) ? path.toString('utf8') : path
}

/** `photo.jpg` as `photo (2).jpg`; the name itself for the first. Bytes, since a name need not be text. */
export function numberedName(name: Buffer, number: number): Buffer {
  if (number === 1) return name
  const extension = extname(name.toString('latin1')).length
  const stem = name.length - extension
  return Buffer.concat([name.subarray(0, stem), Buffer.from(` (${number})`), name.subarray(stem)])
}

const sourceProblem = (error: unknown): NotCopied => new NotCopied(error instanceof EngineError ? error.code : 'SOURCE_UNAVAILABLE', `the file cannot be read: ${messageOf(error)}`, error)

/** @returns the bytes read; what the source does is a problem of this file, what the target does is one of the disk */
async function readInto(source: FileHandle, buffer: Buffer): Promise<number> {
  try {
    return (await source.read(buffer, 0, buffer.length)).bytesRead
  } catch (error) {
    throw sourceProblem(error)
  }
}

async function hashOf(path: FilePath, signal: AbortSignal): Promise<string> {
  const handle = await open(path, 'r')
  try {
    const hash = createHash('sha256')
    const buffer = Buffer.alloc(chunkBytes)
    for (let read = (await handle.read(buffer, 0, chunkBytes)).bytesRead; read > 0; read = (await handle.read(buffer, 0, chunkBytes)).bytesRead) {
      signal.throwIfAborted()
      hash.update(buffer.subarray(0, read))
    }
    return hash.digest('hex')
  } finally {
    await handle.close()
  }
}

/** Writes what `source` holds to a new file at `path`, with its time, and reads it back. @throws NotCopied when the source cannot be read or changes, Error of the disk */
async function copyWhole(source: FileHandle, path: FilePath, signal: AbortSignal): Promise<void> {
  const before = await source.stat()
  const hash = createHash('sha256')
  const target = await open(path, 'wx')
  try {
    const buffer = Buffer.alloc(Math.min(chunkBytes, Math.max(1, before.size)))
    for (let read = await readInto(source, buffer); read > 0; read = await readInto(source, buffer)) {
      signal.throwIfAborted()
      hash.update(buffer.subarray(0, read))
      await target.writeFile(buffer.subarray(0, read))
    }
    const after = await source.stat()
    const { size } = await target.stat()
    if (after.size !== size || after.mtimeMs !== before.mtimeMs) throw new NotCopied('FILE_CHANGING', 'the file was being changed while it was copied')
    await target.utimes(before.atime, before.mtime)
  } finally {
    await target.close()
  }
  if ((await hashOf(path, signal)) !== hash.digest('hex')) throw new EngineError('DISK', `${path.toString()} does not read back as it was written`, { detail: { path: path.toString() } })
}

const cannotLink = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'])

/** Gives the file at `temporary` the name `path`. @returns false when something has that name already */
async function takeName(temporary: FilePath, path: FilePath): Promise<boolean> {
  try {
    // A link fails where something is; a rename would replace it.
    await link(temporary, path)
    await rm(temporary, { force: true })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code === undefined || !cannotLink.has(code)) throw error
  }
  // Without links the name is taken by an empty file first, which is ours to replace.
  const taken = await open(path, 'wx').then(
    (handle) => handle.close().then(() => true),
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    },
  )
  if (taken) await rename(temporary, path)
  return taken
}

/**
 * Copies a regular file into a folder under the first free one of its numbered names.
 * @param firstNumber below which all are known to be taken
 * @returns the number it got
 * @throws NotCopied when the fault lies with this file, EngineError DISK when a copy does not read back, Error of the file system; the signal's reason
 */
export async function copyFileInto(source: FilePath, folder: FilePath, name: Buffer, firstNumber: number, signal: AbortSignal): Promise<number> {
  const handle = await openRegularFile(source).catch((error: unknown) => {
    throw sourceProblem(error)
  })
  // Named after nothing: a name may be as long as the disk takes.
  const temporary = pathIn(folder, Buffer.from(partialName('copy', randomBytes(6).toString('hex'))))
  try {
    await copyWhole(handle, temporary, signal)
    for (let number = firstNumber; ; number++) if (await takeName(temporary, pathIn(folder, numberedName(name, number)))) return number
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  } finally {
    await handle.close()
  }
}
