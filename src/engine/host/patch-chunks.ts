/** @file Compact patch tokens of a folder, kept in memory as far as there is room and read from the store beyond. */
import { chunkBytes, packPatches, type PatchChunk } from '../collection'
import type { PatchBasis, PatchTable } from '../library'

export interface PatchRequest {
  readonly table: PatchTable
  readonly basis: PatchBasis
  /** Pictures to look through, by content; all of them have patch tokens. */
  readonly hashes: ReadonlySet<string>
  /** Pictures with patch tokens in the store: when there are more, what is kept is read again. */
  readonly stored: number
}

export interface PatchChunks {
  /** One search after the other: each may read gigabytes, and what the first has read serves the second. */
  inTurn<T>(work: () => Promise<T>): Promise<T>
  /** All patch tokens asked for, in no particular order. */
  read(request: PatchRequest, signal: AbortSignal): AsyncGenerator<PatchChunk>
}

interface Kept {
  readonly request: PatchRequest
  readonly chunks: readonly PatchChunk[]
  /** What the chunks do not hold. */
  readonly rest: ReadonlySet<string>
}

/** 15 000 pictures of 256 patches. */
const keptBytes = 256 * 2 ** 20

function isSame(a: PatchRequest, b: PatchRequest): boolean {
  if (a.table !== b.table || a.stored !== b.stored || a.hashes.size !== b.hashes.size) return false
  for (const hash of a.hashes) if (!b.hashes.has(hash)) return false
  return true
}

/** Remembers the folder and model that were searched last. */
export function createPatchChunks(maxBytes = keptBytes): PatchChunks {
  let kept: Kept | undefined
  let last: Promise<unknown> = Promise.resolve()

  async function* readAnew(request: PatchRequest, signal: AbortSignal): AsyncGenerator<PatchChunk> {
    const chunks: PatchChunk[] = []
    const rest = new Set(request.hashes)
    let bytes = 0
    // Room for what comes; what was kept for another folder is of no use any more.
    kept = undefined
    for await (const batch of request.table.scan(request.hashes, signal)) {
      for (const chunk of packPatches(batch, request.basis)) {
        bytes += chunkBytes(chunk)
        if (bytes <= maxBytes) {
          chunks.push(chunk)
          for (const { hash } of chunk.pictures) rest.delete(hash)
        }
        yield chunk
      }
    }
    // What is neither kept nor beyond the budget is damaged, and would be looked for in vain each time.
    kept = { request, chunks, rest: bytes <= maxBytes ? new Set() : rest }
  }

  return {
    inTurn: (work) => {
      const result = last.then(work)
      last = result.catch(() => undefined)
      return result
    },
    read: async function* (request, signal) {
      if (kept === undefined || !isSame(kept.request, request)) {
        yield* readAnew(request, signal)
        return
      }
      const { chunks, rest } = kept
      yield* chunks
      if (rest.size === 0) return
      for await (const batch of request.table.scan(rest, signal)) yield* packPatches(batch, request.basis)
    },
  }
}
