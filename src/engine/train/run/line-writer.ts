/** @file Appends lines to a file: gathered, written at most a second later, whole lines or none after a failed write. */
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { EngineError, messageOf } from '../../contract'

/** Appends text. Writes come in order, one at a time. */
export interface LineWriter {
  /** Takes `text`, which ends with a newline, and returns at once. */
  append(text: string): void
  /** Waits until everything is with the file system; with `toDisk` until it is on disk to stay. @throws EngineError DISK */
  flush(toDisk: boolean): Promise<void>
  /** Flushes to disk and closes. @throws EngineError DISK */
  close(): Promise<void>
}

const intervalMs = 1000
/** Larger gatherings are written at once. */
const gatheredCharacters = 2 ** 18

/**
 * Opens `path` for appending, made if it is missing, cut to where `keep` says.
 * @throws EngineError DISK
 */
export async function openLineWriter(path: string, keep: (handle: FileHandle, size: number) => Promise<number>): Promise<LineWriter> {
  const failed = (cause: unknown): EngineError =>
    new EngineError('DISK', `${path} cannot be written: ${messageOf(cause)}`, { detail: { path, code: (cause as NodeJS.ErrnoException).code }, cause })
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT).catch((error: unknown) => {
    throw failed(error)
  })
  // Lines before it are whole. Not appended by the operating system: a write that failed half-way is written again over itself.
  let end: number
  try {
    const { size } = await handle.stat()
    end = await keep(handle, size)
    if (end !== size) {
      await handle.truncate(end)
      await handle.sync()
    }
  } catch (error) {
    await handle.close().catch(() => undefined)
    throw failed(error)
  }

  let gathered = ''
  let timer: NodeJS.Timeout | undefined
  let chain: Promise<void> = Promise.resolve()

  const write = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const text = gathered
    const bytes = Buffer.from(text)
    for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done, bytes.length - done, end + done)).bytesWritten
    end += bytes.length
    gathered = gathered.slice(text.length)
  }
  const enqueue = (work: () => Promise<void>): Promise<void> => {
    const result = chain.then(work)
    chain = result.catch(() => undefined)
    return result.catch((error: unknown) => {
      throw failed(error)
    })
  }
  const flush = (toDisk: boolean): Promise<void> =>
    enqueue(async () => {
      await write()
      if (toDisk) await handle.sync()
    })
  // What fails stays gathered and is tried again; who needs it on disk flushes and is told.
  const flushLater = (): void => void flush(false).catch(() => undefined)

  return {
    append: (text) => {
      gathered += text
      if (gathered.length >= gatheredCharacters) flushLater()
      else timer ??= setTimeout(flushLater, intervalMs).unref()
    },
    flush,
    close: async () => {
      try {
        await flush(true)
      } finally {
        clearTimeout(timer)
        await handle.close()
      }
    },
  }
}
