/** @file Search by patches: the best patch of every picture, and where in the best pictures the query is seen. */
import type { PatchChunk } from './patch-search-chunk'
import type { CodeProducts } from './patch-search-products'
import { meanQuery, type PatchQuery } from './patch-search-query'

export interface PatchSearchOptions {
  /** Pictures wanted, by content. */
  readonly top: number
  readonly products: CodeProducts
  readonly signal?: AbortSignal
}

/** A picture, by its content, in which similar patches were found. */
export interface FoundPatches {
  readonly hash: string
  /** The best patch's mean cosine with the query patches. */
  readonly score: number
  readonly gridHeight: number
  readonly gridWidth: number
  /** Of each patch with the nearest of the query patches, float32 [gridHeight × gridWidth]. */
  readonly cosine: Float32Array
}

export interface PatchSearch {
  /** Best first; of equal ones the lower hash first. */
  readonly hits: readonly FoundPatches[]
  /** Pictures that were looked through. */
  readonly searched: number
}

/** A picture that is among the best so far, with what its field needs: a chunk that is read again each time is not held back for it. */
interface Candidate {
  readonly hash: string
  readonly score: number
  readonly gridHeight: number
  readonly gridWidth: number
  readonly scale: number
  readonly codes: Int8Array
  readonly inverseLengths: Float32Array
}

/** Between turns of the event loop: some 10 ms. */
const chunksPerTurn = 16

const goesBefore = (score: number, hash: string, than: Candidate): boolean => score > than.score || (score === than.score && hash < than.hash)

/** Puts a candidate into its place; who is then too many goes. */
function admit(best: Candidate[], top: number, candidate: Candidate): void {
  let [low, high] = [0, best.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (goesBefore(candidate.score, candidate.hash, best[middle]!)) high = middle
    else low = middle + 1
  }
  best.splice(low, 0, candidate)
  if (best.length > top) best.pop()
}

/**
 * Cosine q · t̂ / |t̂| of query and kept token: dividing by the length of what is kept stands for what was lost, and finds
 * more of the exact nearest than q · t̂ does.
 */
const cosineOf = (product: number, offset: number, scale: number, inverseLength: number): number => (offset + scale * product) * inverseLength

/** The best patch of each picture of a chunk, from products with the mean query. */
function takeBest(best: Candidate[], top: number, { pictures, starts, codes, inverseLengths }: PatchChunk, products: Float32Array, offset: number, dims: number): void {
  pictures.forEach(({ hash, gridHeight, gridWidth, scale }, index) => {
    const [first, end] = [starts[index]!, starts[index + 1]!]
    let score = -Infinity
    for (let patch = first; patch < end; patch++) score = Math.max(score, cosineOf(products[patch]!, offset, scale, inverseLengths[patch]!))
    const last = best[top - 1]
    if (last !== undefined && !goesBefore(score, hash, last)) return
    admit(best, top, { hash, score, gridHeight, gridWidth, scale, codes: codes.slice(first * dims, end * dims), inverseLengths: inverseLengths.slice(first, end) })
  })
}

/** Of each patch the cosine with the nearest of the query patches. */
async function fieldOf({ codes, scale, inverseLengths }: Candidate, { count, dims, columns, offsets }: PatchQuery, products: CodeProducts): Promise<Float32Array> {
  const all = await products(codes, columns, dims)
  return inverseLengths.map((inverseLength, patch) => {
    let nearest = -Infinity
    for (let query = 0; query < count; query++) nearest = Math.max(nearest, cosineOf(all[patch * count + query]!, offsets[query]!, scale, inverseLength))
    return nearest
  })
}

/**
 * Looks through all patches. The score of a patch is its mean cosine with the query patches, that of a picture the score
 * of its best patch.
 * @throws EngineError RUNTIME; the signal's reason
 */
export async function searchPatches(chunks: AsyncIterable<PatchChunk> | Iterable<PatchChunk>, query: PatchQuery, { top, products, signal }: PatchSearchOptions): Promise<PatchSearch> {
  const mean = meanQuery(query)
  const best: Candidate[] = []
  let searched = 0
  let seen = 0
  for await (const chunk of chunks) {
    if (seen++ % chunksPerTurn === 0) await new Promise(setImmediate)
    signal?.throwIfAborted()
    takeBest(best, top, chunk, await products(chunk.codes, mean.columns, query.dims), mean.offsets[0]!, query.dims)
    searched += chunk.pictures.length
  }
  const hits: FoundPatches[] = []
  for (const candidate of best) {
    const { hash, score, gridHeight, gridWidth } = candidate
    hits.push({ hash, score, gridHeight, gridWidth, cosine: await fieldOf(candidate, query, products) })
    signal?.throwIfAborted()
  }
  return { hits, searched }
}
