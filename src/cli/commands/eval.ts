/** @file `dinoscope eval knn`: how well features tell the class folders apart, as DINO and DINOv2 are scored first. */
import { EngineError, type FileProblem } from '../../engine/contract'
import { classFolders, firstOfEachClass, knn, openRowProducts, type ClassScore, type KnnResult, type LabelledFeatures } from '../../engine/inference'
import { createRuntime, type Runtime } from '../../engine/runtime'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'
import { scanPictures } from '../scan'
import { modelFeatures, rawPixels, type FeatureMaker, type FolderFeatures } from './eval-features'

export interface EvalKnnOptions extends ModelOptions {
  readonly k: readonly number[]
  /** Pictures per class, of each of the two folders. */
  readonly limit?: number
  readonly size?: number | 'native'
  readonly features: 'cls' | 'pixels'
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

async function score(trainFolder: string, testFolder: string, make: FeatureMaker, runtime: Runtime, options: EvalKnnOptions, context: CommandContext) {
  const limit = options.limit ?? Infinity
  const train = await readSide(trainFolder, limit, make, context)
  const test = await readSide(testFolder, limit, make, context)
  const { classes, labels } = classFolders([...train.images, ...test.images])
  const labelled = ({ features, images }: Side, first: number): LabelledFeatures => ({
    features,
    labels: labels.slice(first, first + images.length),
    // Real paths, so that a folder and a link to it are the same.
    ids: images.map(({ path }) => typeof path === 'string' ? path : path.toString('latin1')),
  })
  const { products, release } = await openRowProducts(runtime)
  try {
    const result = await knn(labelled(train, 0), labelled(test, train.images.length), { dim: train.dim, classes, ks: options.k, products, signal: context.signal })
    return { result, classes, skipped: [...train.skipped, ...test.skipped], unclassed: train.unclassed + test.unclassed }
  } finally {
    await release()
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
const share = ({ correct, queries }: ClassScore): number => (queries === 0 ? 0 : correct / queries)

function extremes(perClass: readonly ClassScore[]): string[] {
  const ranked = perClass.filter(({ queries }) => queries > 0).sort((a, b) => share(b) - share(a))
  const named = (scores: readonly ClassScore[]): string => scores.map((one) => `${one.name} ${percent(share(one))}`).join(', ')
  return ranked.length < 3 ? [named(ranked)] : [`best: ${named(ranked.slice(0, 3))}`, `worst: ${named(ranked.slice(-3).reverse())}`]
}

function linesOf({ references, queries, overlap, withoutReference, scores }: KnnResult, classes: number, skipped: number, unclassed: number): string[] {
  const notes = [
    overlap > 0 ? `${overlap} pictures are in both folders; none was compared with itself` : '',
    withoutReference > 0 ? `${withoutReference} pictures have a class that no reference has` : '',
    unclassed > 0 ? `${unclassed} pictures lie in no class folder and were left out` : '',
    skipped > 0 ? `${skipped} files could not be used` : '',
  ]
  return [
    ...scores.map(({ k, accuracy, correct }) => `k = ${k}: ${percent(accuracy)} (${correct} of ${queries} pictures)`),
    `${classes} classes, ${references} references`,
    ...extremes(scores[0]?.perClass ?? []),
    ...notes.filter((note) => note !== ''),
  ]
}

/** Prints the accuracy of the nearest pictures of `trainFolder` in naming the class of those of `testFolder`. */
export async function evalKnn(trainFolder: string, testFolder: string, options: EvalKnnOptions, context: CommandContext): Promise<CommandResult> {
  const finish = ({ result, classes, skipped, unclassed }: Awaited<ReturnType<typeof score>>, what: object): CommandResult => {
    const { scores, ...counts } = result
    const [first] = scores
    const confusion = classes.length > largestConfusion ? undefined : classes.map((_, row) => [...(first?.confusion.subarray(row * classes.length, (row + 1) * classes.length) ?? [])])
    const value = {
      ...what,
      accuracy: first?.accuracy,
      scores: scores.map(({ k, accuracy, correct }) => ({ k, accuracy, correct })),
      classes,
      ...counts,
      perClass: first?.perClass,
      confusion,
      unclassed,
      skipped,
    }
    context.terminal.result(value, linesOf(result, classes.length, skipped.length, unclassed))
    return exitCodes.done
  }
  if (options.features === 'pixels') {
    const size = typeof options.size === 'number' ? options.size : pixelEdge
    const runtime = await createRuntime({ preferred: options.provider, threads: options.threads })
    try {
      return finish(await score(trainFolder, testFolder, rawPixels(size), runtime, options, context), { features: 'pixels', size })
    } finally {
      await runtime.dispose()
    }
  }
  return withBackbone(options, context, async (backbone, runtime) => {
    const { id, name, weights } = backbone.manifest
    const size = options.size ?? 'evaluation'
    const scored = await score(trainFolder, testFolder, modelFeatures(backbone, size), runtime, options, context)
    return finish(scored, { features: 'cls', size, model: { id, name, sha256: weights.sha256 }, provider: runtime.provider })
  })
}
