/** @file Random access to the bytes of one file, with every range checked against the file's size. */
import type { Stats } from 'node:fs'
import { EngineError, messageOf } from '../../contract'
import { openRegularFile } from '../../files'

/** A file's bytes as the readers of this layer see them. */
export interface ByteSource {
  /** For messages: the path. */
  readonly name: string
  readonly size: number
  /**
   * Exactly `length` bytes from `offset`, in memory of their own.
   * @throws EngineError SOURCE_UNAVAILABLE when the file cannot give them
   */
  read(offset: number, length: number): Promise<Buffer>
  close(): Promise<void>
}

/** One read call is limited to 2^31 - 1 bytes by the operating systems. */
const maximumReadBytes = 2 ** 30

/**
 * Opens a regular file for random access; the caller closes it.
 * @param check refuses by throwing what was opened, by what the system says of it
 * @throws EngineError NOT_A_FILE, SOURCE_UNAVAILABLE; what `check` throws
 */
export async function openByteSource(path: string, check?: (stats: Stats) => void): Promise<ByteSource> {
  const handle = await openRegularFile(path)
  const stats = await handle.stat()
  const { size } = stats
  try {
    check?.(stats)
  } catch (error) {
    await handle.close()
    throw error
  }
  const read = async (offset: number, length: number): Promise<Buffer> => {
    checkRange(path, size, offset, length)
    const buffer = Buffer.allocUnsafeSlow(length)
    let done = 0
    while (done < length) {
      const { bytesRead } = await handle.read(buffer, done, Math.min(length - done, maximumReadBytes), offset + done).catch((cause: unknown) => {
        throw new EngineError('SOURCE_UNAVAILABLE', `${path} cannot be read: ${messageOf(cause)}`, { detail: { path }, cause })
      })
      if (bytesRead === 0) throw new EngineError('SOURCE_UNAVAILABLE', `${path} became shorter while it was read`, { detail: { path } })
      done += bytesRead
    }
    return buffer
  }
  return { name: path, size, read, close: () => handle.close() }
}

/** Bytes at hand, under a name for messages. */
export function bytesAsSource(name: string, bytes: Uint8Array): ByteSource {
  const read = (offset: number, length: number): Promise<Buffer> => {
    checkRange(name, bytes.length, offset, length)
    return Promise.resolve(Buffer.from(bytes.subarray(offset, offset + length)))
  }
  return { name, size: bytes.length, read, close: () => Promise.resolve() }
}

function checkRange(name: string, size: number, offset: number, length: number): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0 && offset + length <= size) return
  throw new EngineError('SOURCE_UNAVAILABLE', `${name}: bytes ${offset} to ${offset + length} were asked of a file of ${size} bytes`, {
    detail: { path: name, size },
  })
}
