/** @file The raw pixels of many pictures as features, some at a time; what cannot be read is told and left out. */
import { isEngineError, messageOf, toWire, type FileProblem, type JobContext, type Progress } from '../../contract'
import { prepareEvaluation, type PreparedImage } from '../../image'
import { pixelFeatures } from '../../inference'
import { createProgress } from '../../progress'

export interface PixelSource {
  readonly relativePath: string
  /** @throws EngineError naming the file */
  read(): Promise<Buffer>
}

export interface PixelRows {
  /** float32 `[rows, edge · edge · 3]` */
  readonly features: Float32Array
  /** The source of each row, rising. */
  readonly sources: Uint32Array
}

const readAtOnce = 64

/**
 * The centre of every picture at `edge` × `edge` pixels, normalised.
 * @throws what is no EngineError; the signal's reason
 */
export async function readPixels(sources: readonly PixelSource[], edge: number, { signal, emit }: JobContext<Progress>, onSkipped: (problem: FileProblem) => void): Promise<PixelRows> {
  const progress = createProgress('Reading pixels', sources.length, emit)
  const prepared: PreparedImage[] = []
  const rows: number[] = []
  for (let start = 0; start < sources.length; start += readAtOnce) {
    signal.throwIfAborted()
    const some = sources.slice(start, start + readAtOnce)
    const results = await Promise.allSettled(some.map(async (source) => prepareEvaluation(await source.read(), { shortEdge: edge, crop: edge }, 1)))
    results.forEach((result, index) => {
      if (result.status === 'fulfilled') {
        prepared.push(result.value)
        rows.push(start + index)
        return
      }
      if (!isEngineError(result.reason)) throw result.reason as Error
      onSkipped({ relativePath: some[index]!.relativePath, code: toWire(result.reason).code, reason: messageOf(result.reason) })
    })
    progress.advance(some.length)
  }
  progress.finish()
  return { features: pixelFeatures(prepared), sources: Uint32Array.from(rows) }
}
