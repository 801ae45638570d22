/** @file Files to tokens, run by run of the model: decoding runs ahead, broken files are left out and named, cancel is quick. */
import { isEngineError, messageOf, toWire, type FileProblem, type Pooling, type Progress } from '../contract'
import { writePatchRows, type PreparedImage } from '../image'
import { createProgress } from '../progress'
import type { Backbone, PatchGrid } from './backbone'
import { prefetch } from './prefetch'

/** A picture to embed. `prepare` reads and decodes it to the size the model wants; undefined when there turns out to be nothing to do. */
export interface EmbedSource {
  readonly relativePath: string
  /** Size of the file, which bounds how many are read at once; unknown counts as small. */
  readonly sizeBytes?: number
  prepare(): Promise<PreparedImage | undefined>
}

/** What one run of the model tells of one picture, after the final norm. */
export interface ImageTokens {
  readonly grid: PatchGrid
  /** float32 `[dim]` */
  readonly cls: Float32Array
  /** Mean of the patch tokens, float32 `[dim]`. */
  readonly mean: Float32Array
  /** float32 `[grid.height·grid.width, dim]`; only where they were asked for. */
  readonly patches: Float32Array | undefined
}

export interface EmbeddedImage extends ImageTokens {
  /** Of the source. */
  readonly index: number
}

export interface EmbedRunOptions {
  /** Whether the patch tokens are wanted too. */
  readonly patches: boolean
  readonly signal: AbortSignal
  onSkipped(problem: FileProblem): void
  emit(progress: Progress): void
}

/** A run of the model blocks its process, and cancel must answer within a second. */
const targetRunMs = 320
const largestBatch = 32

interface Decoded {
  readonly index: number
  readonly prepared: PreparedImage
}

/**
 * Embeds every source that can be read, in their order; what one run of the model gives comes at once. Whoever takes it decides the
 * pace: the next run begins when the next result is asked for.
 * @throws the signal's reason when cancelled; EngineError RUNTIME when the model fails
 */
export async function* embedRuns(backbone: Backbone, sources: readonly EmbedSource[], options: EmbedRunOptions): AsyncGenerator<readonly EmbeddedImage[]> {
  const { signal } = options
  const progress = createProgress('Embedding images', sources.length, (event) => { options.emit(event) })
  let batchSize = 1
  let runs = 0

  const decodedAhead = prefetch(sources, signal, async (source, index): Promise<Decoded | undefined> => {
    try {
      signal.throwIfAborted()
      const prepared = await source.prepare()
      if (prepared !== undefined) return { index, prepared }
    } catch (error) {
      signal.throwIfAborted()
      options.onSkipped(problemOf(source.relativePath, error))
    }
    progress.advance(1)
    return undefined
  })

  const run = async (batch: readonly Decoded[]): Promise<readonly EmbeddedImage[]> => {
    // A cancel that came during the last run is only heard when the event loop turns.
    await new Promise(setImmediate)
    signal.throwIfAborted()
    const started = performance.now()
    const tokens = await embedTokens(backbone, batch.map(({ prepared }) => prepared), options.patches)
    const perImageMs = (performance.now() - started) / batch.length
    // The first run loads the model too and says nothing about the next.
    if (runs++ > 0) batchSize = Math.max(1, Math.min(largestBatch, Math.round(targetRunMs / perImageMs)))
    return batch.flatMap(({ index }, position) => {
      const found = tokens[position]
      return found === undefined ? [] : [{ index, ...found }]
    })
  }

  let waiting: Decoded[] = []
  for await (const decoded of decodedAhead) {
    if (decoded === undefined) continue
    const [first] = waiting
    const sameSize = first === undefined || (first.prepared.height === decoded.prepared.height && first.prepared.width === decoded.prepared.width)
    if (!sameSize || waiting.length >= batchSize) {
      yield await run(waiting)
      progress.advance(waiting.length)
      waiting = []
    }
    waiting.push(decoded)
    if (waiting.length >= batchSize) {
      yield await run(waiting)
      progress.advance(waiting.length)
      waiting = []
    }
  }
  if (waiting.length > 0) {
    yield await run(waiting)
    progress.advance(waiting.length)
  }
  progress.finish()
}

function problemOf(relativePath: string, error: unknown): FileProblem {
  const [message, prefix] = [messageOf(error), `${relativePath}: `]
  // The file is named once.
  return { relativePath, code: isEngineError(error) ? error.code : toWire(error).code, reason: message.startsWith(prefix) ? message.slice(prefix.length) : message }
}

/** One run of the model over pictures of one size. Results are copies: keeping one does not keep its batch. */
export async function embedTokens(backbone: Backbone, images: readonly PreparedImage[], withPatches: boolean): Promise<ImageTokens[]> {
  const [first] = images
  if (first === undefined) return []
  const { patchSize, dim } = backbone.config
  const { mean, std } = backbone.manifest.preprocessing
  const grid: PatchGrid = { height: first.height / patchSize, width: first.width / patchSize }
  const perImage = grid.height * grid.width * 3 * patchSize * patchSize
  const pixels = new Float32Array(images.length * perImage)
  images.forEach((image, index) => { writePatchRows(image, patchSize, mean, std, pixels, index * perImage) })
  const batch = { count: images.length, grid, patches: pixels }
  const part = (source: Float32Array, index: number, length: number): Float32Array => source.slice(index * length, (index + 1) * length)
  if (!withPatches) {
    const pooled = await backbone.embed(batch)
    return images.map((_, index) => ({ grid, cls: part(pooled.cls, index, dim), mean: part(pooled.mean, index, dim), patches: undefined }))
  }
  const tokens = await backbone.embedPatches(batch)
  const patchNumbers = grid.height * grid.width * dim
  return images.map((_, index) => ({ grid, cls: part(tokens.cls, index, dim), mean: part(tokens.mean, index, dim), patches: part(tokens.patches, index, patchNumbers) }))
}

/** The vector of a pooling, float32 `[pooledDim]`; CLS comes first where there are both. */
export function pooledVector({ cls, mean }: Pick<ImageTokens, 'cls' | 'mean'>, pooling: Pooling): Float32Array {
  switch (pooling) {
    case 'cls':
      return cls
    case 'mean':
      return mean
    case 'cls+mean': {
      const joined = new Float32Array(cls.length + mean.length)
      joined.set(cls)
      joined.set(mean, cls.length)
      return joined
    }
  }
}
