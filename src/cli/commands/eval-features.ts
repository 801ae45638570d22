/** @file From the pictures of a folder to features whose classes are known, by a model or from their raw pixels. */
import type { AnalysisSize, FileProblem, Pooling } from '../../engine/contract'
import { preparePicture, readPixels } from '../../engine/host'
import { readImageFile } from '../../engine/image'
import { embedImages, pooledDim, type Backbone } from '../../engine/inference'
import type { ScannedImage } from '../../engine/library'
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

/** Tokens after the final norm, as the references evaluate: they take CLS. */
export function modelFeatures(backbone: Backbone, size: AnalysisSize, pooling: Pooling): FeatureMaker {
  const { manifest, config } = backbone
  const dim = pooledDim(config.dim, pooling)
  return async (images, { signal, emit, terminal }) => {
    const vectors: (Float32Array | undefined)[] = images.map(() => undefined)
    const sources = images.map(({ path, relativePath, sizeBytes }) => ({
      relativePath,
      sizeBytes,
      prepare: async () => preparePicture(await readImageFile(path), size, manifest, maxPatches),
    }))
    const { skipped } = await embedImages(backbone, sources, {
      pooling,
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
    const features = new Float32Array(embedded.length * dim)
    vectors.filter((vector) => vector !== undefined).forEach((vector, row) => { features.set(vector, row * dim) })
    return { dim, features, images: embedded, skipped }
  }
}

/** The centre of every picture at `size` × `size` pixels, as it is. */
export function rawPixels(size: number): FeatureMaker {
  return async (images, context) => {
    const skipped: FileProblem[] = []
    const { features, sources } = await readPixels(images.map(({ relativePath, path }) => ({ relativePath, read: () => readImageFile(path) })), size, context, (problem) => {
      skipped.push(problem)
      context.terminal.note(problemLine(problem))
    })
    return { dim: size * size * 3, features, images: Array.from(sources, (source) => images[source]!), skipped }
  }
}
