/** @file From the pictures of a folder to features whose classes are known, by a model or from their raw pixels. */
import { isEngineError, messageOf, toWire, type AnalysisSize, type FileProblem } from '../../engine/contract'
import { preparePicture } from '../../engine/host'
import { prepareEvaluation, readImageFile, type PreparedImage } from '../../engine/image'
import { embedImages, pixelFeatures, type Backbone } from '../../engine/inference'
import type { ScannedImage } from '../../engine/library'
import { createProgress } from '../../engine/progress'
import type { CommandContext } from '../context'
import { problemLine } from '../scan'

/** Features of the pictures that could be read. */
export interface FolderFeatures {
  readonly dim: number
  /** float32 `[images, dim]`. */
  readonly features: Float32Array
  readonly images: readonly ScannedImage[]
  readonly skipped: readonly FileProblem[]
}

/** How pictures become features: `title` of the progress, and what to do. */
export type FeatureMaker = (images: readonly ScannedImage[], context: CommandContext) => Promise<FolderFeatures>

/** Whole pictures beyond this are reduced. */
const maxPatches = 4096
const readAtOnce = 64

/** CLS tokens after the final norm, as the references evaluate. */
export function modelFeatures(backbone: Backbone, size: AnalysisSize): FeatureMaker {
  const { manifest, config } = backbone
  return async (images, { signal, emit, terminal }) => {
    const vectors: (Float32Array | undefined)[] = images.map(() => undefined)
    const sources = images.map(({ path, relativePath, sizeBytes }) => ({
      relativePath,
      sizeBytes,
      prepare: async () => preparePicture(await readImageFile(path), size, manifest, maxPatches),
    }))
    const { skipped } = await embedImages(backbone, sources, {
      pooling: 'cls',
      signal,
      emit,
      onVector: (index, vector) => {
        vectors[index] = vector
      },
      onSkipped: (problem) => {
        terminal.note(problemLine(problem))
      },
    })
    const embedded = images.filter((_, index) => vectors[index] !== undefined)
    const features = new Float32Array(embedded.length * config.dim)
    vectors.filter((vector) => vector !== undefined).forEach((vector, row) => { features.set(vector, row * config.dim) })
    return { dim: config.dim, features, images: embedded, skipped }
  }
}

/** The centre of every picture at `size` × `size` pixels, as it is. */
export function rawPixels(size: number): FeatureMaker {
  return async (images, { signal, emit, terminal }) => {
    const progress = createProgress('Reading pixels', images.length, emit)
    const read: { readonly image: ScannedImage; readonly prepared: PreparedImage }[] = []
    const skipped: FileProblem[] = []
    for (let start = 0; start < images.length; start += readAtOnce) {
      signal.throwIfAborted()
      const chunk = images.slice(start, start + readAtOnce)
      const prepared = await Promise.allSettled(chunk.map(async ({ path }) => prepareEvaluation(await readImageFile(path), { shortEdge: size, crop: size }, 1)))
      prepared.forEach((result, index) => {
        const image = chunk[index]
        if (image === undefined) return
        if (result.status === 'fulfilled') {
          read.push({ image, prepared: result.value })
          return
        }
        if (!isEngineError(result.reason)) throw result.reason as Error
        const problem = { relativePath: image.relativePath, code: toWire(result.reason).code, reason: messageOf(result.reason) }
        skipped.push(problem)
        terminal.note(problemLine(problem))
      })
      progress.advance(chunk.length)
    }
    progress.finish()
    return { dim: size * size * 3, features: pixelFeatures(read.map(({ prepared }) => prepared)), images: read.map(({ image }) => image), skipped }
  }
}
