/** @file Files to vectors: decoding runs ahead of the model, broken files are left out and named, cancel is quick. */
import { isEngineError, messageOf, toWire, type FileProblem, type Pooling, type Progress } from '../contract'
import { writePatchRows, type PreparedImage } from '../image'
import { createProgress } from '../progress'
import type { Backbone, PatchGrid } from './backbone'
import { prefetch } from './prefetch'

/** A picture to embed. `prepare` reads and decodes it to the size the model wants. */
export interface EmbedSource {
  readonly relativePath: string
  /** Size of the file, which bounds how many are read at once; unknown counts as small. */
  readonly sizeBytes?: number
  prepare(): Promise<PreparedImage>
}

export interface EmbedOptions {
  readonly pooling: Pooling
  readonly signal: AbortSignal
  /** Called once for every picture that was embedded, in order of completion; the vector is the caller's. */
  onVector(index: number, vector: Float32Array): void | Promise<void>
  onSkipped(problem: FileProblem): void
  emit(progress: Progress): void
}

export interface EmbedSummary {
  readonly embedded: number
  readonly skipped: readonly FileProblem[]
  readonly imagesPerSecond: number
}

/** A run of the model blocks its process, and cancel must answer within a second. */
const targetRunMs = 320
const largestBatch = 32

/** Length of the vectors that a pooling gives. */
export function pooledDim(dim: number, pooling: Pooling): number {
  return pooling === 'cls+mean' ? 2 * dim : dim
}

interface Decoded {
  readonly index: number
  readonly prepared: PreparedImage
}

/**
 * Embeds every source.
 * @throws the signal's reason when cancelled; EngineError RUNTIME when the model fails
 */
export async function embedImages(backbone: Backbone, sources: readonly EmbedSource[], options: EmbedOptions): Promise<EmbedSummary> {
  const { signal } = options
  const started = performance.now()
  const progress = createProgress('Embedding images', sources.length, (event) => { options.emit(event) })
  const skipped: FileProblem[] = []
  let embedded = 0
  let batchSize = 1
  let runs = 0

  const decodedAhead = prefetch(sources, signal, async (source, index): Promise<Decoded | undefined> => {
    try {
      signal.throwIfAborted()
      return { index, prepared: await source.prepare() }
    } catch (error) {
      signal.throwIfAborted()
      const problem = problemOf(source.relativePath, error)
      skipped.push(problem)
      options.onSkipped(problem)
      progress.advance(1)
      return undefined
    }
  })

  const run = async (batch: readonly Decoded[]): Promise<void> => {
    // A cancel that came during the last run is only heard when the event loop turns.
    await new Promise(setImmediate)
    signal.throwIfAborted()
    const runStarted = performance.now()
    const vectors = await embedBatch(backbone, batch.map(({ prepared }) => prepared), options.pooling)
    const perImageMs = (performance.now() - runStarted) / batch.length
    // The first run loads the model too and says nothing about the next.
    if (runs++ > 0) batchSize = Math.max(1, Math.min(largestBatch, Math.round(targetRunMs / perImageMs)))
    for (const [position, { index }] of batch.entries()) {
      const vector = vectors[position]
      if (vector !== undefined) await options.onVector(index, vector)
    }
    embedded += batch.length
    progress.advance(batch.length)
  }

  let waiting: Decoded[] = []
  for await (const decoded of decodedAhead) {
    if (decoded === undefined) continue
    const [first] = waiting
    const sameSize = first === undefined || (first.prepared.height === decoded.prepared.height && first.prepared.width === decoded.prepared.width)
    if (!sameSize || waiting.length >= batchSize) {
      await run(waiting)
      waiting = []
    }
    waiting.push(decoded)
    if (waiting.length >= batchSize) {
      await run(waiting)
      waiting = []
    }
  }
  if (waiting.length > 0) await run(waiting)
  progress.finish()
  return { embedded, skipped, imagesPerSecond: (1000 * embedded) / Math.max(1, performance.now() - started) }
}

function problemOf(relativePath: string, error: unknown): FileProblem {
  return { relativePath, code: isEngineError(error) ? error.code : toWire(error).code, reason: messageOf(error) }
}

/** One run of the model over pictures of one size; a vector each. */
export async function embedBatch(backbone: Backbone, images: readonly PreparedImage[], pooling: Pooling): Promise<Float32Array[]> {
  const [first] = images
  if (first === undefined) return []
  const { patchSize, dim } = backbone.config
  const { mean, std } = backbone.manifest.preprocessing
  const grid: PatchGrid = { height: first.height / patchSize, width: first.width / patchSize }
  const perImage = grid.height * grid.width * 3 * patchSize * patchSize
  const patches = new Float32Array(images.length * perImage)
  images.forEach((image, index) => { writePatchRows(image, patchSize, mean, std, patches, index * perImage) })
  const pooled = await backbone.embed({ count: images.length, grid, patches })
  return images.map((_, index) => {
    const from = (source: Float32Array): Float32Array => source.slice(index * dim, (index + 1) * dim)
    switch (pooling) {
      case 'cls':
        return from(pooled.cls)
      case 'mean':
        return from(pooled.mean)
      case 'cls+mean': {
        const joined = new Float32Array(2 * dim)
        joined.set(from(pooled.cls))
        joined.set(from(pooled.mean), dim)
        return joined
      }
    }
  })
}
