/** @file Rows of embeddings on their way to a file, some thousand at a time, and what is said of all of them. */
import type { VectorPooling } from '../contract'

/** What made the vectors. */
export interface EmbeddingFacts {
  /** Length of a vector. */
  readonly dim: number
  readonly pooling: VectorPooling
  readonly model: { readonly id: string; readonly name: string; readonly sha256: string }
  /** What was done to each picture, in words. */
  readonly preprocessing: string
  /** Of the program. */
  readonly version: string
}

/** Some rows: a picture each, or a patch of a picture each. */
export interface EmbeddingRows {
  /** Path below the folder, with `/`, escaped where the name is not UTF-8. */
  readonly names: readonly string[]
  /** sha256 of the picture's bytes, hex. */
  readonly hashes: readonly string[]
  /** Where patches lie in the grid of their picture, from 0; undefined for whole pictures. */
  readonly places: PatchPlaces | undefined
  /** float32 [rows, dim] */
  readonly vectors: Float32Array
}

export interface PatchPlaces {
  readonly rows: Int32Array
  readonly columns: Int32Array
}

/** Source of rows; each part is the taker's until the next one is asked for. */
export type RowSource = AsyncIterable<EmbeddingRows>

/** What writing told. */
export interface RowsWritten {
  readonly rows: number
}

/** A group holds about 4 MB of vectors: large enough for readers, small enough for the memory. */
const groupNumbers = 2 ** 20
const largestGroup = 8192

function part(rows: EmbeddingRows, dim: number, start: number, end: number): EmbeddingRows {
  const { names, hashes, places, vectors } = rows
  return {
    names: names.slice(start, end),
    hashes: hashes.slice(start, end),
    places: places && { rows: places.rows.slice(start, end), columns: places.columns.slice(start, end) },
    vectors: vectors.subarray(start * dim, end * dim),
  }
}

function joinInt32(parts: readonly Int32Array[]): Int32Array {
  const joined = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let filled = 0
  for (const items of parts) {
    joined.set(items, filled)
    filled += items.length
  }
  return joined
}

function join(parts: readonly EmbeddingRows[], dim: number): EmbeddingRows {
  const [first] = parts
  if (first !== undefined && parts.length === 1) return first
  const vectors = new Float32Array(dim * parts.reduce((sum, { names }) => sum + names.length, 0))
  let filled = 0
  for (const rows of parts) {
    vectors.set(rows.vectors, filled)
    filled += rows.vectors.length
  }
  const places = parts.flatMap((rows) => (rows.places === undefined ? [] : [rows.places]))
  return {
    names: parts.flatMap(({ names }) => names),
    hashes: parts.flatMap(({ hashes }) => hashes),
    places: first?.places === undefined ? undefined : { rows: joinInt32(places.map(({ rows }) => rows)), columns: joinInt32(places.map(({ columns }) => columns)) },
    vectors,
  }
}

/** Rows of a group of vectors of this length. */
export function groupSize(dim: number): number {
  return Math.max(1, Math.min(largestGroup, Math.floor(groupNumbers / dim)))
}

/**
 * The same rows in groups of one size, but for the last: what a file looks like does not depend on how its rows came.
 * @param size rows in a group
 */
export async function* regroup(source: RowSource, dim: number, size: number = groupSize(dim)): AsyncGenerator<EmbeddingRows> {
  let waiting: EmbeddingRows[] = []
  let count = 0
  for await (const rows of source) {
    let start = 0
    while (count + rows.names.length - start >= size) {
      const end = start + size - count
      yield join([...waiting, part(rows, dim, start, end)], dim)
      waiting = []
      count = 0
      start = end
    }
    if (start < rows.names.length) {
      const rest = part(rows, dim, start, rows.names.length)
      // A copy, since the source may use its memory again.
      waiting.push({ ...rest, vectors: rest.vectors.slice() })
      count += rest.names.length
    }
  }
  if (count > 0) yield join(waiting, dim)
}
