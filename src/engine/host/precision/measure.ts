/** @file The parity card of a precision: measured on pictures, with a verdict in the end. */
import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { EngineError, messageOf, nearEnoughCosine, worthwhileSpeed, type JobContext, type Precision, type PrecisionCard, type PrecisionVerdict, type Progress } from '../../contract'
import { prepareEvaluation, readImageFile } from '../../image'
import { loadBackbone, measurePrecision, requirePrecision, type DescribedModel, type MeasuredPrecision, type PrecisionPicture } from '../../inference'
import type { Runtime } from '../../runtime'
import { spreadFirst } from '../embed-plan'

/** Enough for ten neighbours of each to mean something, few enough for half a minute. */
const measuredPictures = 64

/** The bytes of a picture, wherever they come from. */
export type PictureReader = () => Promise<Buffer>

export interface MeasureRequest {
  readonly precision: Precision
  readonly folder: string | undefined
  /** More than are needed may be given; those taken lie all over the list. */
  readonly pictures: readonly PictureReader[]
}

function verdictOf({ cls, patches, speed }: MeasuredPrecision): PrecisionVerdict {
  // What is no number is not near.
  if (!(cls.mean >= nearEnoughCosine && patches.mean >= nearEnoughCosine)) return 'far'
  return speed.median >= worthwhileSpeed && speed.low >= 1 ? 'use' : 'slow'
}

/**
 * Runs up to 64 pictures, at the evaluation crop, through fp32 and `precision` on the runtime's provider. A picture that cannot be read
 * is left out.
 * @throws EngineError BAD_REQUEST for fp32 itself, a precision the provider does not have, or too few pictures; RUNTIME; the signal's reason
 */
export async function measureCard(runtime: Runtime, { manifest, weights }: DescribedModel, { precision, folder, pictures }: MeasureRequest, { signal, emit }: JobContext<Progress>): Promise<PrecisionCard> {
  if (precision === 'fp32') throw new EngineError('BAD_REQUEST', 'fp32 is what others are compared with')
  requirePrecision(runtime, precision)
  const [exact, own] = [loadBackbone(runtime, { manifest: { ...manifest, precision: 'fp32' }, weights }), loadBackbone(runtime, { manifest: { ...manifest, precision }, weights })]
  try {
    const chosen = spreadFirst(pictures, measuredPictures).slice(0, measuredPictures)
    const prepared = chosen.map((read): PrecisionPicture => async () => {
      try {
        return await prepareEvaluation(await read(), manifest.preprocessing, manifest.config.patchSize)
      } catch {
        signal.throwIfAborted()
        return undefined
      }
    })
    const measured = await measurePrecision(exact, own, prepared, { signal, emit })
    return { precision, provider: runtime.provider, folder, ...measured, verdict: verdictOf(measured), measuredAt: new Date().toISOString() }
  } finally {
    await exact.dispose()
    await own.dispose()
  }
}

/** The photos that come with the program. @throws EngineError SOURCE_UNAVAILABLE */
export async function samplePictures(resources: string): Promise<PictureReader[]> {
  const folder = join(resources, 'samples')
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new EngineError('SOURCE_UNAVAILABLE', `the sample photos in ${folder} cannot be read: ${messageOf(cause)}`, { detail: { path: folder }, cause })
  })
  return names.filter((name) => ['.jpg', '.jpeg', '.png', '.webp'].includes(extname(name).toLowerCase())).sort().map((name) => () => readImageFile(join(folder, name)))
}
