/** @file Writing a result and giving it its name only after it has been read back. */
import { createHash } from 'node:crypto'
import { EngineError } from '../contract'
import { openRegularFile, writeFileAtomically } from '../files'

/** Adds to the file being written. */
export type Append = (chunk: string | Uint8Array) => Promise<void>

export interface VerifiedWriteOptions {
  readonly signal?: AbortSignal
  /** Bytes kept free at the start of the file, for a head that is known at the end alone; `write` gives it back. */
  readonly headBytes?: number
  /** Looks into the whole file, which has another name yet; what it throws keeps the file from getting its own. */
  check?(path: string): Promise<void>
}

interface Written {
  readonly head: Uint8Array
  /** sha256 of what follows the head, hex. */
  readonly hash: string
}

async function readsBack(path: string, { head, hash }: Written, signal: AbortSignal | undefined): Promise<boolean> {
  const handle = await openRegularFile(path)
  try {
    const start = Buffer.alloc(head.length)
    const { bytesRead } = await handle.read(start, 0, start.length, 0)
    if (bytesRead !== head.length || !start.equals(head)) return false
    const found = createHash('sha256')
    for await (const chunk of handle.createReadStream({ start: head.length, autoClose: false })) {
      signal?.throwIfAborted()
      found.update(chunk as Buffer)
    }
    return found.digest('hex') === hash
  } finally {
    await handle.close()
  }
}

/**
 * Gives `write` a way to append to `path`; the file is read back, and only then appears, whole, or not at all.
 * @throws EngineError DISK when it cannot be written or does not read back as it was written; the signal's reason when cancelled
 */
export async function writeVerified(path: string, write: (append: Append) => Promise<Uint8Array | undefined>, options: VerifiedWriteOptions = {}): Promise<void> {
  const { signal, headBytes = 0, check } = options
  await writeFileAtomically(path, async (handle, temporary) => {
    const written = createHash('sha256')
    if (headBytes > 0) await handle.writeFile(Buffer.alloc(headBytes))
    const head = await write(async (chunk) => {
      signal?.throwIfAborted()
      written.update(chunk)
      // Not handle.write, which may write a part only.
      await handle.writeFile(chunk)
    })
    const found = head ?? new Uint8Array(0)
    if (found.length !== headBytes) throw new EngineError('INTERNAL', `${path}: a head of ${headBytes} bytes was announced, ${found.length} came`)
    if (headBytes > 0) await handle.write(found, 0, headBytes, 0)
    await handle.sync()
    if (!(await readsBack(temporary, { head: found, hash: written.digest('hex') }, signal))) throw new EngineError('DISK', `${path} does not read back as it was written`, { detail: { path } })
    await check?.(temporary)
  })
}
