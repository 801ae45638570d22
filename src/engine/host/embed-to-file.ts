/** @file From pictures straight to one file of embeddings, as they come: what the command line does without a workspace. */
import { EngineError, type AnalysisSize, type EmbeddingFormat, type FileProblem, type JobContext, type Progress, type VectorPooling } from '../contract'
import { writeEmbeddings, type EmbeddingRows } from '../export'
import type { FilePath } from '../files'
import { embedRuns, pooledDim, pooledVector, type Backbone, type EmbeddedImage } from '../inference'
import { contentHash, readSettled } from '../library'
import { patchRows } from './patch-rows'
import { describePreparation, preparePicture } from './prepare-picture'

export interface EmbedFileRequest {
  /** In the order of the rows. */
  readonly images: readonly { readonly path: FilePath; readonly relativePath: string; readonly sizeBytes: number }[]
  /** Files that were left out before, to be named beside those that are left out now. */
  readonly skipped?: readonly FileProblem[]
  readonly size: AnalysisSize
  /** With `patches` each row is a patch token, exact as the model gives it. */
  readonly pooling: VectorPooling
  readonly format: EmbeddingFormat
  readonly raw?: boolean
  /** Of the program. */
  readonly version: string
  onSkipped(problem: FileProblem): void
}

export interface EmbedFileSummary {
  readonly embedded: number
  readonly rows: number
  /** Length of each vector. */
  readonly dim: number
  readonly skipped: readonly FileProblem[]
  readonly imagesPerSecond: number
}

/** Whole pictures beyond this are reduced, so that a folder of panoramas does not take a day. */
const maxPatches = 4096

/**
 * Embeds every picture that can be read and writes what comes to `path`, all of it or nothing; memory does not grow with the pictures.
 * @throws EngineError IMG_CORRUPT when no picture can be embedded, DISK, RUNTIME; the signal's reason when cancelled
 */
export async function embedToFile(backbone: Backbone, path: string, request: EmbedFileRequest, { signal, emit }: JobContext<Progress>): Promise<EmbedFileSummary> {
  const { images, size, pooling, format, raw, version } = request
  const { manifest, config } = backbone
  const hashes: (string | undefined)[] = []
  const sources = images.map((image, index) => ({
    relativePath: image.relativePath,
    sizeBytes: image.sizeBytes,
    prepare: async () => {
      const { bytes } = await readSettled(image.path)
      hashes[index] = await contentHash(bytes)
      return preparePicture(bytes, size, manifest, maxPatches)
    },
  }))
  const rowsOf = (image: EmbeddedImage): EmbeddingRows => {
    const [name, hash] = [images[image.index]?.relativePath ?? '', hashes[image.index] ?? '']
    if (pooling === 'patches') return patchRows(name, hash, image.grid, image.patches ?? new Float32Array(0))
    return { names: [name], hashes: [hash], places: undefined, vectors: pooledVector(image, pooling) }
  }
  const skipped = [...(request.skipped ?? [])]
  const onSkipped = (problem: FileProblem): void => {
    skipped.push(problem)
    request.onSkipped(problem)
  }
  const started = performance.now()
  let embedded = 0
  async function* source(): AsyncGenerator<EmbeddingRows> {
    for await (const run of embedRuns(backbone, sources, { patches: pooling === 'patches', signal, onSkipped, emit })) {
      embedded += run.length
      for (const image of run) yield rowsOf(image)
    }
    if (embedded === 0) throw new EngineError('IMG_CORRUPT', `none of the ${images.length} pictures could be embedded`, { detail: { problems: skipped } })
  }
  const dim = pooling === 'patches' ? config.dim : pooledDim(config.dim, pooling)
  const model = { id: manifest.id, name: manifest.name, sha256: manifest.weights.sha256 }
  const facts = { dim, pooling, model, preprocessing: describePreparation(size, manifest), version }
  const rows = await writeEmbeddings(path, format, { ...facts, source: source(), skipped }, { raw, signal })
  return { embedded, rows, dim, skipped, imagesPerSecond: (1000 * embedded) / Math.max(1, performance.now() - started) }
}
