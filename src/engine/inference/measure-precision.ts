/** @file What fewer bits cost and gain: the same pictures through both, in turns, in one run. */
import { EngineError, type PrecisionCard, type Progress } from '../contract'
import type { PreparedImage } from '../image'
import { createProgress } from '../progress'
import { cosine } from '../tensor'
import type { Backbone } from './backbone'
import { embedTokens, type ImageTokens } from './embed-runs'
import { emptyNearest, takeNearest } from './nearest'

/** A picture to measure on; it is read when its turn comes. Undefined leaves it out: it cannot be read. */
export type PrecisionPicture = () => Promise<PreparedImage | undefined>

export type MeasuredPrecision = Pick<PrecisionCard, 'pictures' | 'cls' | 'patches' | 'overlap' | 'neighbours' | 'exactMs' | 'ownMs' | 'speed'>

export interface MeasureOptions {
  readonly signal: AbortSignal
  emit(progress: Progress): void
}

/** Of fewer, neighbours say nothing. */
const fewestPictures = 4
const wantedNeighbours = 10
/** Of fewer, the spread of times says nothing. */
const fewestRounds = 8
/** A run of the model blocks its process, and cancel must answer. */
const targetRunMs = 320
const largestBatch = 8

/**
 * Runs every picture through `exact` and `own`. Which of them goes first changes from one batch to the next, so that whatever else
 * the machine does meets both.
 * @throws EngineError BAD_REQUEST when fewer than 4 pictures can be read, RUNTIME; the signal's reason
 */
export async function measurePrecision(exact: Backbone, own: Backbone, pictures: readonly PrecisionPicture[], { signal, emit }: MeasureOptions): Promise<MeasuredPrecision> {
  const progress = createProgress('Comparing precisions', pictures.length, emit)
  const vectors: { readonly exact: Float32Array; readonly own: Float32Array; readonly cls: number; readonly patches: number }[] = []
  const times: { readonly exactMs: number; readonly ownMs: number }[] = []
  let batchSize = 1
  let waiting: PreparedImage[] = []

  let last: readonly PreparedImage[] = []

  const timed = async (backbone: Backbone, images: readonly PreparedImage[]): Promise<{ readonly tokens: readonly ImageTokens[]; readonly ms: number }> => {
    // A cancel that came during the last run is only heard when the event loop turns.
    await new Promise(setImmediate)
    signal.throwIfAborted()
    const started = performance.now()
    const tokens = await embedTokens(backbone, images, true)
    return { tokens, ms: (performance.now() - started) / images.length }
  }
  const inTurns = async (images: readonly PreparedImage[]) => {
    const ahead = times.length % 2 === 0 ? undefined : await timed(own, images)
    const reference = await timed(exact, images)
    const candidate = ahead ?? (await timed(own, images))
    times.push({ exactMs: reference.ms, ownMs: candidate.ms })
    return { reference, candidate }
  }
  const run = async (): Promise<void> => {
    // The first run of each loads it, and says nothing of its speed.
    if (times.length === 0) for (const backbone of [exact, own]) await timed(backbone, waiting)
    const { reference, candidate } = await inTurns(waiting)
    reference.tokens.forEach((tokens, index) => {
      const other = candidate.tokens[index]
      if (other === undefined) return
      vectors.push({ exact: tokens.cls, own: other.cls, cls: cosine(tokens.cls, other.cls), patches: meanCosine(tokens.patches, other.patches, exact.config.dim) })
    })
    batchSize = Math.max(1, Math.min(largestBatch, Math.round(targetRunMs / reference.ms)))
    progress.advance(waiting.length)
    last = waiting
    waiting = []
  }

  for (const picture of pictures) {
    signal.throwIfAborted()
    const prepared = await picture()
    if (prepared === undefined) {
      progress.advance(1)
      continue
    }
    const [first] = waiting
    if (first !== undefined && (first.height !== prepared.height || first.width !== prepared.width)) await run()
    waiting.push(prepared)
    if (waiting.length >= batchSize) await run()
  }
  if (waiting.length > 0) await run()
  if (vectors.length < fewestPictures) throw new EngineError('BAD_REQUEST', `comparing needs at least ${fewestPictures} pictures that can be read; ${vectors.length} of ${pictures.length} could`)
  // Of a few pictures alone, one disturbance would decide.
  while (times.length < fewestRounds) await inTurns(last)
  progress.finish()

  // Where nearly all pictures are neighbours, nearly all are the same.
  const neighbours = Math.min(wantedNeighbours, Math.floor((vectors.length - 1) / 2))
  const spread = (values: readonly number[]): { readonly mean: number; readonly worst: number } => ({ mean: values.reduce((sum, value) => sum + value, 0) / values.length, worst: Math.min(...values) })
  const ratios = times.map(({ exactMs, ownMs }) => exactMs / ownMs)
  return {
    pictures: vectors.length,
    cls: spread(vectors.map(({ cls }) => cls)),
    patches: spread(vectors.map(({ patches }) => patches)),
    overlap: sameNeighbours(nearestOf(vectors.map((pair) => pair.exact), neighbours), nearestOf(vectors.map((pair) => pair.own), neighbours)),
    neighbours,
    exactMs: quantile(times.map(({ exactMs }) => exactMs), 0.5),
    ownMs: quantile(times.map(({ ownMs }) => ownMs), 0.5),
    speed: { median: quantile(ratios, 0.5), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) },
  }
}

/** Over the patch tokens of one picture. */
function meanCosine(left: Float32Array | undefined, right: Float32Array | undefined, dim: number): number {
  if (left === undefined || right === undefined) return NaN
  let sum = 0
  for (let start = 0; start < left.length; start += dim) sum += cosine(left.subarray(start, start + dim), right.subarray(start, start + dim))
  return sum / (left.length / dim)
}

/** For each vector the others that are most like it. */
function nearestOf(vectors: readonly Float32Array[], count: number): readonly ReadonlySet<number>[] {
  const lists = emptyNearest(vectors.length, count)
  vectors.forEach((vector, query) => {
    takeNearest(lists, query, Float32Array.from(vectors, (other) => cosine(vector, other)), 0, vectors.length, 0, query)
  })
  return vectors.map((_, query) => new Set(lists.rows.subarray(query * count, (query + 1) * count)))
}

/** The share of neighbours that are in both, 0 to 1. */
function sameNeighbours(left: readonly ReadonlySet<number>[], right: readonly ReadonlySet<number>[]): number {
  const shares = left.map((neighbours, index) => [...neighbours].filter((row) => right[index]?.has(row) === true).length / neighbours.size)
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}

/** The value that a share of the others do not exceed, by linear interpolation. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const place = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(place)] ?? NaN, sorted[Math.ceil(place)] ?? NaN]
  return below + (above - below) * (place - Math.floor(place))
}
