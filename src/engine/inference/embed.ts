/** @file One vector for each of many pictures. */
import type { FileProblem, Pooling, Progress } from '../contract'
import type { PreparedImage } from '../image'
import type { Backbone } from './backbone'
import { embedRuns, embedTokens, pooledVector, type EmbedSource } from './embed-runs'

export interface EmbedOptions {
  readonly pooling: Pooling
  readonly signal: AbortSignal
  /** Called once for every picture that was embedded, in order; the vector is the caller's. */
  onVector(index: number, vector: Float32Array): void | Promise<void>
  onSkipped(problem: FileProblem): void
  emit(progress: Progress): void
}

export interface EmbedSummary {
  readonly embedded: number
  readonly skipped: readonly FileProblem[]
  readonly imagesPerSecond: number
}

/** Length of the vectors that a pooling gives. */
export function pooledDim(dim: number, pooling: Pooling): number {
  return pooling === 'cls+mean' ? 2 * dim : dim
}

/**
 * Embeds every source.
 * @throws the signal's reason when cancelled; EngineError RUNTIME when the model fails
 */
export async function embedImages(backbone: Backbone, sources: readonly EmbedSource[], { pooling, signal, onVector, onSkipped, emit }: EmbedOptions): Promise<EmbedSummary> {
  const started = performance.now()
  const skipped: FileProblem[] = []
  const tell = (problem: FileProblem): void => {
    skipped.push(problem)
    onSkipped(problem)
  }
  let embedded = 0
  for await (const images of embedRuns(backbone, sources, { patches: false, signal, onSkipped: tell, emit })) {
    for (const image of images) await onVector(image.index, pooledVector(image, pooling))
    embedded += images.length
  }
  return { embedded, skipped, imagesPerSecond: (1000 * embedded) / Math.max(1, performance.now() - started) }
}

/** One run of the model over pictures of one size; a vector each. */
export async function embedBatch(backbone: Backbone, images: readonly PreparedImage[], pooling: Pooling): Promise<Float32Array[]> {
  const tokens = await embedTokens(backbone, images, false)
  return tokens.map((image) => pooledVector(image, pooling))
}
