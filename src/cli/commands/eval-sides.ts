/** @file What every `dinoscope eval` begins with: features of one or two class folders, labelled alike; and what all of them print. */
import { unitVectors } from '../../engine/collection'
import { EngineError, type FileProblem, type Pooling } from '../../engine/contract'
import { classFolders, firstOfEachClass, type ClassScore, type LabelledFeatures } from '../../engine/inference'
import { createRuntime, type Runtime } from '../../engine/runtime'
import type { CommandContext } from '../context'
import { withBackbone, type ModelOptions } from '../models'
import { scanPictures } from '../scan'
import { modelFeatures, rawPixels, type FeatureMaker, type FolderFeatures } from './eval-features'

export interface EvalOptions extends ModelOptions {
  /** Pictures per class, of each folder. */
  readonly limit?: number
  readonly size?: number | 'native'
  readonly pool: Pooling
  readonly features: 'model' | 'pixels'
}

/** Of raw pixels, where no size is given. */
const pixelEdge = 32
/** Confusion is printed and sent up to here; a larger table is nobody's reading. */
const largestConfusion = 64

export interface Side extends FolderFeatures {
  /** All that was left out. */
  readonly skipped: readonly FileProblem[]
  readonly unclassed: number
}

/** Both sides are one where one folder was named. */
export interface EvalSides {
  readonly references: LabelledFeatures
  readonly queries: LabelledFeatures
  readonly dim: number
  readonly classes: readonly string[]
  readonly skipped: readonly FileProblem[]
  readonly unclassed: number
  /** Whose features these are, for the JSON. */
  readonly what: object
}

export async function readSide(folder: string, limit: number, make: FeatureMaker, context: CommandContext): Promise<Side> {
  const scan = await scanPictures(folder, context)
  const chosen = firstOfEachClass(scan.images, limit)
  const unclassed = firstOfEachClass(scan.images, Infinity).length
  if (chosen.length === 0)
    throw new EngineError('BAD_REQUEST', `${folder}: no picture lies in a class folder; put the pictures of each class into a folder of its own, or name the folder above`, { detail: { folder } })
  const made = await make(chosen, context)
  const skipped = [...scan.skipped, ...made.skipped]
  if (made.images.length === 0) throw new EngineError('IMG_CORRUPT', `${folder}: none of the ${chosen.length} pictures could be read`, { detail: { problems: skipped } })
  return { ...made, skipped, unclassed: scan.images.length - unclassed }
}

async function readSides(folders: readonly string[], make: FeatureMaker, pooling: Pooling | undefined, what: object, { limit = Infinity }: EvalOptions, context: CommandContext): Promise<EvalSides> {
  const sides: Side[] = []
  for (const folder of folders) sides.push(await readSide(folder, limit, make, context))
  const { classes, labels } = classFolders(sides.flatMap(({ images }) => images))
  const { dim } = sides[0]!
  let first = 0
  const [references, queries = references] = sides.map(({ features, images }): LabelledFeatures => ({
    features: pooling === 'cls+mean' ? unitVectors(features, dim, pooling) : features,
    labels: labels.slice(first, (first += images.length)),
    // Real paths, so that a folder and a link to it are the same.
    ids: images.map(({ path }) => (typeof path === 'string' ? path : path.toString('latin1'))),
  }))
  return { references: references!, queries: queries!, dim, classes, skipped: sides.flatMap(({ skipped }) => skipped), unclassed: sides.reduce((sum, { unclassed }) => sum + unclassed, 0), what }
}

/** Runs `work` with the features of the folders, by the model or from raw pixels. */
export async function withEvalSides<T>(folders: readonly string[], options: EvalOptions, context: CommandContext, work: (sides: EvalSides, runtime: Runtime) => Promise<T>): Promise<T> {
  const { pool, features } = options
  if (features === 'pixels') {
    const size = typeof options.size === 'number' ? options.size : pixelEdge
    const runtime = await createRuntime({ preferred: options.provider, threads: options.threads })
    try {
      return await work(await readSides(folders, rawPixels(size), undefined, { features, size }, options, context), runtime)
    } finally {
      await runtime.dispose()
    }
  }
  return withBackbone(options, context, async (backbone, runtime) => {
    const { id, name, weights } = backbone.manifest
    const size = options.size ?? 'evaluation'
    const what = { features: pool, size, model: { id, name, sha256: weights.sha256 }, provider: runtime.provider }
    return work(await readSides(folders, modelFeatures(backbone, size, pool), pool, what, options, context), runtime)
  })
}

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`

/** `66.50 % ± 0.47`: the standard error in points. */
export const withError = (share: number, error: number | undefined): string => (error === undefined ? percent(share) : `${percent(share)} ± ${(100 * error).toFixed(2)}`)

/** The best and the worst three classes. @param perClass shares, 0..1 */
export function extremes(perClass: readonly { readonly name: string; readonly share: number }[]): string[] {
  const ranked = [...perClass].sort((a, b) => b.share - a.share)
  const named = (scores: typeof perClass): string => scores.map(({ name, share }) => `${name} ${percent(share)}`).join(', ')
  return ranked.length < 3 ? [named(ranked)] : [`best: ${named(ranked.slice(0, 3))}`, `worst: ${named(ranked.slice(-3).reverse())}`]
}

/** Classes of which something was asked. */
export function sharesOf(perClass: readonly ClassScore[]): { readonly name: string; readonly share: number }[] {
  return perClass.filter(({ queries }) => queries > 0).map(({ name, queries, correct }) => ({ name, share: correct / queries }))
}

/** What was left out, in sentences. */
export function leftOut({ unclassed, skipped }: EvalSides): readonly string[] {
  return [unclassed > 0 ? `${unclassed} pictures lie in no class folder and were left out` : '', skipped.length > 0 ? `${skipped.length} files could not be used` : ''].filter((note) => note !== '')
}

/** Row the true class, column the predicted one; undefined where there are too many classes. */
export function confusionTable(confusion: Uint32Array | undefined, classes: number): readonly (readonly number[])[] | undefined {
  return classes > largestConfusion || confusion === undefined ? undefined : Array.from({ length: classes }, (_, row) => [...confusion.subarray(row * classes, (row + 1) * classes)])
}
