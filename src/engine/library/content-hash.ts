/** @file The name of a content: sha256 of all its bytes. */
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'

/** About 3 ms of hashing: as long as the event loop may be held by one of several at work. */
const pieceBytes = 4 * 2 ** 20

/** sha256, hex. Large contents are hashed in pieces, so that others are heard in between. */
export async function contentHash(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256')
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    if (start > 0) await setImmediate()
    hash.update(bytes.subarray(start, start + pieceBytes))
  }
  return hash.digest('hex')
}
