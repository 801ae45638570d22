/** @file Compact patch tokens of a folder, kept in memory as far as there is room and read from the store beyond. */
import { chunkBytes, packPatches, type PatchChunk } from '../collection'
import type { PatchBasis, PatchTable } from '../library'

export interface PatchRequest {
  readonly table: PatchTable
  readonly basis: PatchBasis
  /** Pictures to look through, by content; all of them have patch tokens. */
  readonly hashes: ReadonlySet<string>
}

export interface PatchChunks {
  /** Reads what there is room for, so that a search need not wait for it. What fails is met by the search. */
  warm(request: PatchRequest): void
  /** One search after the other: each may read gigabytes. */
  inTurn<T>(work: () => Promise<T>): Promise<T>
  /** All patch tokens asked for, in no particular order. */
  read(request: PatchRequest): AsyncGenerator<PatchChunk>
}

/** What has been read of one model. */
interface Kept {
  readonly table: PatchTable
  readonly chunks: PatchChunk[]
  readonly hashes: Set<string>
  bytes: number
  full: boolean
}

/** 15 000 pictures of 256 patches. */
const keptBytes = 256 * 2 ** 20
/** Packed between turns of the event loop: some milliseconds. */
const chunksPerTurn = 4

/** What is in `all` and not in `some`. */
function without(all: ReadonlySet<string>, some: ReadonlySet<string>): Set<string> {
  const rest = new Set<string>()
  for (const one of all) if (!some.has(one)) rest.add(one)
  return rest
}

/** Reads what is wanted and not kept yet, until there is no room. */
async function fill(kept: Kept, { basis, hashes }: PatchRequest, maxBytes: number): Promise<void> {
  const missing = without(hashes, kept.hashes)
  if (kept.full || missing.size === 0) return
  for await (const batch of kept.table.scan(missing, new AbortController().signal)) {
    for (const chunk of packPatches(batch, basis)) {
      if (kept.bytes + chunkBytes(chunk) > maxBytes) {
        kept.full = true
        return
      }
      kept.bytes += chunkBytes(chunk)
      kept.chunks.push(chunk)
      for (const { hash } of chunk.pictures) kept.hashes.add(hash)
      if (kept.chunks.length % chunksPerTurn === 0) await new Promise(setImmediate)
    }
  }
}

/** Remembers the folder and model that were searched last; what is embedded meanwhile is added. */
export function createPatchChunks(maxBytes = keptBytes): PatchChunks {
  let kept: Kept | undefined
  let reading: Promise<unknown> = Promise.resolve()
  let lastSearch: Promise<unknown> = Promise.resolve()

  /** What of a request is kept; of other folders nothing is, so that every chunk is wanted whole. */
  const keep = (request: PatchRequest): Promise<Pick<Kept, 'chunks' | 'hashes'>> => {
    const read = async (): Promise<Pick<Kept, 'chunks' | 'hashes'>> => {
      if (kept?.table !== request.table || without(kept.hashes, request.hashes).size > 0) kept = { table: request.table, chunks: [], hashes: new Set(), bytes: 0, full: false }
      const mine = kept
      await fill(mine, request, maxBytes)
      return { chunks: mine.chunks.slice(), hashes: new Set(mine.hashes) }
    }
    const result = reading.then(read)
    reading = result.catch(() => undefined)
    return result
  }

  return {
    warm: (request) => {
      keep(request).catch(() => undefined)
    },
    inTurn: (work) => {
      const result = lastSearch.then(work)
      lastSearch = result.catch(() => undefined)
      return result
    },
    read: async function* (request) {
      const { chunks, hashes } = await keep(request)
      yield* chunks
      const rest = without(request.hashes, hashes)
      if (rest.size === 0) return
      for await (const batch of request.table.scan(rest, new AbortController().signal)) yield* packPatches(batch, request.basis)
    },
  }
}
