/** @file Vectors and patch tokens out of the store and into one file, some thousand at a time, in the order of the pictures. */
import { EngineError, type EmbeddingFormat, type FileProblem, type JobContext, type Pooling, type Progress } from '../contract'
import { decodePatches } from '../collection'
import { writeEmbeddings, type EmbeddingFacts, type EmbeddingRows } from '../export'
import { pooledDim, type RowProducts } from '../inference'
import type { LibraryImage, PatchTable, StoredPatches, VectorTable } from '../library'
import { createProgress } from '../progress'
import { patchRows } from './patch-rows'

/** A picture as far as its vectors are concerned. */
export type ExportPicture = Pick<LibraryImage, 'relativePath' | 'hash'>

/** What is written: pooled vectors, or patch tokens as they were kept. */
export type StoredTokens =
  | { readonly pooling: Pooling; readonly table: VectorTable }
  | { readonly pooling: 'patches'; readonly table: PatchTable; readonly products: RowProducts }

export interface ExportVectorsOptions {
  readonly format: EmbeddingFormat
  readonly raw: boolean
  /** Of the model; the length of a vector follows from the pooling. */
  readonly facts: Omit<EmbeddingFacts, 'pooling'>
  /** Files that were left out before, to be named beside those that are left out now. */
  readonly skipped?: readonly FileProblem[]
  onSkipped(problem: FileProblem): void
}

export interface ExportedVectors {
  readonly images: number
  readonly rows: number
  /** Length of each vector. */
  readonly dim: number
  readonly skipped: readonly FileProblem[]
  readonly imagesPerSecond: number
}

/** Pictures looked up at once: some thousand vectors, or some hundred pictures' codes, fit in a few megabytes. */
const vectorsAtOnce = 2048
const patchesAtOnce = 256

type Found = (picture: ExportPicture & { readonly hash: string }, index: number) => EmbeddingRows | undefined | Promise<EmbeddingRows | undefined>

/** Pictures in parts of `size`; what `look` does not find of a part is told as missing. */
async function* inOrder(pictures: readonly ExportPicture[], size: number, signal: AbortSignal, look: (hashes: readonly string[]) => Promise<Found>, onMissing: (picture: ExportPicture) => void): AsyncGenerator<EmbeddingRows> {
  for (let start = 0; start < pictures.length; start += size) {
    signal.throwIfAborted()
    const part = pictures.slice(start, start + size)
    const known = part.filter((picture): picture is ExportPicture & { readonly hash: string } => picture.hash !== undefined)
    const found = await look(known.map(({ hash }) => hash))
    let index = 0
    for (const picture of part) {
      const { hash } = picture
      const rows = hash === undefined ? undefined : await found({ relativePath: picture.relativePath, hash }, index++)
      if (rows === undefined) onMissing(picture)
      else yield rows
    }
  }
}

/** One row a picture. */
function lookForVectors(table: VectorTable, pooling: Pooling, dim: number) {
  return async (hashes: readonly string[]): Promise<Found> => {
    const { found, matrix } = await table.read(hashes, pooling)
    const places = new Map(Array.from(found, (position, place) => [position, place]))
    return ({ relativePath, hash }, index) => {
      const place = places.get(index)
      return place === undefined ? undefined : { names: [relativePath], hashes: [hash], places: undefined, vectors: matrix.subarray(place * dim, (place + 1) * dim) }
    }
  }
}

/** One row a patch. */
async function lookForPatches(table: PatchTable, products: RowProducts, signal: AbortSignal) {
  const basis = await table.basis()
  return async (hashes: readonly string[]): Promise<Found> => {
    const kept = new Map<string, StoredPatches>()
    if (basis !== undefined) for await (const some of table.scan(new Set(hashes), signal)) for (const one of some) kept.set(one.hash, one)
    return async ({ relativePath, hash }) => {
      const one = kept.get(hash)
      if (one === undefined || basis === undefined) return undefined
      return patchRows(relativePath, hash, { height: one.gridHeight, width: one.gridWidth }, await decodePatches(basis, one, products))
    }
  }
}

/**
 * Writes what the store has of these pictures to `path`, all of it or nothing; those without are named as left out.
 * @throws EngineError NOT_FOUND when none has anything, DISK; the signal's reason when cancelled
 */
export async function exportVectors(path: string, pictures: readonly ExportPicture[], tokens: StoredTokens, options: ExportVectorsOptions, { signal, emit }: JobContext<Progress>): Promise<ExportedVectors> {
  const { format, raw, facts } = options
  const { pooling } = tokens
  const started = performance.now()
  const dim = pooling === 'patches' ? facts.dim : pooledDim(facts.dim, pooling)
  const progress = createProgress('Writing vectors', pictures.length, emit)
  const skipped: FileProblem[] = [...(options.skipped ?? [])]
  let images = 0
  const onMissing = ({ relativePath }: ExportPicture): void => {
    const problem = { relativePath, code: 'NOT_FOUND', reason: pooling === 'patches' ? 'its patches have not been embedded yet' : 'it has not been embedded yet' }
    skipped.push(problem)
    options.onSkipped(problem)
    progress.advance(1)
  }
  async function* source(): AsyncGenerator<EmbeddingRows> {
    const found =
      tokens.pooling === 'patches'
        ? inOrder(pictures, patchesAtOnce, signal, await lookForPatches(tokens.table, tokens.products, signal), onMissing)
        : inOrder(pictures, vectorsAtOnce, signal, lookForVectors(tokens.table, tokens.pooling, dim), onMissing)
    for await (const rows of found) {
      yield rows
      images++
      progress.advance(1)
    }
    if (images === 0)
      throw new EngineError('NOT_FOUND', `none of the ${pictures.length} pictures has ${pooling === 'patches' ? 'patch tokens' : 'vectors'} of ${facts.model.name} yet; embed them first`, {
        detail: { problems: skipped.slice(0, 100) },
      })
  }
  const rows = await writeEmbeddings(path, format, { ...facts, dim, pooling, source: source(), skipped }, { raw, signal })
  progress.finish()
  return { images, rows, dim, skipped, imagesPerSecond: (1000 * images) / Math.max(1, performance.now() - started) }
}
