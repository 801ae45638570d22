/** @file Writing a result and believing it only after it has been read back. */
import { createHash } from 'node:crypto'
import { EngineError } from '../contract'
import { openRegularFile, writeFileAtomically } from '../files'

/** Adds to the file being written. */
export type Append = (chunk: string | Uint8Array) => Promise<void>

async function hashFile(path: string): Promise<string> {
  const handle = await openRegularFile(path)
  const hash = createHash('sha256')
  for await (const chunk of handle.createReadStream()) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/**
 * Gives `write` a way to append to `path`; the file appears whole or not at all, and is then read back.
 * @throws EngineError DISK when it cannot be written or does not read back as it was written; the signal's reason when cancelled
 */
export async function writeVerified(path: string, write: (append: Append) => Promise<void>, signal?: AbortSignal): Promise<void> {
  const written = createHash('sha256')
  await writeFileAtomically(path, (handle) =>
    write(async (chunk) => {
      signal?.throwIfAborted()
      written.update(chunk)
      // Not handle.write, which may write a part only.
      await handle.writeFile(chunk)
    }),
  )
  if ((await hashFile(path)) !== written.digest('hex')) throw new EngineError('DISK', `${path} does not read back as it was written`, { detail: { path } })
}
