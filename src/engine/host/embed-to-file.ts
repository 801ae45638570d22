/** @file From pictures to one file of embeddings: what the command line and the app both do. */
import { EngineError, type AnalysisSize, type EmbeddingFormat, type FileProblem, type JobContext, type Pooling, type Progress } from '../contract'
import { writeEmbeddings } from '../export'
import type { FilePath } from '../files'
import { readImageFile } from '../image'
import { embedImages, pooledDim, type Backbone } from '../inference'
import { describePreparation, preparePicture } from './prepare-picture'

export interface EmbedFileRequest {
  /** In the order of the rows. */
  readonly images: readonly { readonly path: FilePath; readonly relativePath: string; readonly sizeBytes: number }[]
  /** Files that were left out before, to be named beside those that are left out now. */
  readonly skipped?: readonly FileProblem[]
  readonly size: AnalysisSize
  readonly pooling: Pooling
  readonly format: EmbeddingFormat
  readonly raw?: boolean
  onSkipped(problem: FileProblem): void
}

export interface EmbedFileSummary {
  readonly embedded: number
  /** Length of each vector. */
  readonly dim: number
  readonly skipped: readonly FileProblem[]
  readonly imagesPerSecond: number
}

/** Whole pictures beyond this are reduced, so that a folder of panoramas does not take a day. */
const maxPatches = 4096

/**
 * Embeds every picture that can be read, then writes their vectors to `path`, all of them or nothing.
 * @throws EngineError IMG_CORRUPT when no picture can be embedded, DISK, RUNTIME; the signal's reason when cancelled
 */
export async function embedToFile(backbone: Backbone, path: string, request: EmbedFileRequest, { signal, emit }: JobContext<Progress>): Promise<EmbedFileSummary> {
  const { images, size, pooling, format, raw } = request
  const { manifest, config } = backbone
  const vectors: (Float32Array | undefined)[] = images.map(() => undefined)
  const sources = images.map((image) => ({
    relativePath: image.relativePath,
    sizeBytes: image.sizeBytes,
    prepare: async () => preparePicture(await readImageFile(image.path), size, manifest, maxPatches),
  }))
  const summary = await embedImages(backbone, sources, {
    pooling,
    signal,
    emit,
    onVector: (index, vector) => {
      vectors[index] = vector
    },
    onSkipped: (problem) => {
      request.onSkipped(problem)
    },
  })
  const { embedded, imagesPerSecond } = summary
  const skipped = [...(request.skipped ?? []), ...summary.skipped]
  if (embedded === 0) throw new EngineError('IMG_CORRUPT', `none of the ${images.length} pictures could be embedded`, { detail: { problems: skipped } })
  const dim = pooledDim(config.dim, pooling)
  const rows = images.flatMap(({ relativePath }, index) => {
    const vector = vectors[index]
    return vector === undefined ? [] : [{ name: relativePath, vector }]
  })
  const model = { id: manifest.id, name: manifest.name, sha256: manifest.weights.sha256 }
  await writeEmbeddings(path, format, { dim, rows, pooling, model, preprocessing: describePreparation(size, manifest), skipped }, { raw, signal })
  return { embedded, dim, skipped, imagesPerSecond }
}
