/** @file Depth of pictures, one after the other: of each as a map in metres; one that fails is told, many that fail end it. */
import { EngineError, messageOf, toWire, type AnalysisSize, type DepthLibraryRequest, type FileProblem, type HeadEvent, type JobContext, type WireError } from '../../contract'
import { patchBatch, type Backbone, type OpenedHead } from '../../inference'
import type { LibraryImage } from '../../library'
import { createProgress } from '../../progress'
import type { EngineState } from '../engine-state'
import { maxWholePatches } from '../look-at-picture'
import { preparePicture } from '../prepare-picture'

/** Short edge that whole pictures of a folder are looked at with, pixels; to whole patches. */
export const shortEdge = 224
/** Pictures one after the other that the model or the head fails on: a device that is lost, or out of memory, fails on all. */
const failuresInARow = 5
/** What is wrong with the model, the head or the machine rather than with a picture. */
const seriousCodes: ReadonlySet<WireError['code']> = new Set(['RUNTIME', 'BAD_REQUEST', 'INTERNAL'])

export interface DepthPicture {
  readonly height: number
  readonly width: number
  /** float32 [height, width]. */
  readonly metres: Float32Array
}

/** Median, 5th and 95th percentile, metres. */
export type DepthNumbersOf = readonly [median: number, near: number, far: number]

/** Depth of one picture, as large as what the model was given. @throws EngineError IMG_…, BAD_REQUEST, RUNTIME */
async function depthOfPicture(backbone: Backbone, head: OpenedHead, bytes: Buffer, size: AnalysisSize): Promise<DepthPicture> {
  const prepared = await preparePicture(bytes, size, backbone.manifest, maxWholePatches)
  const { height, width } = prepared
  return { height, width, metres: await head.predict(backbone, patchBatch(backbone, prepared), height, width) }
}

export function numbersOf(metres: Float32Array): DepthNumbersOf {
  const sorted = metres.toSorted()
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0
  return [at(0.5), at(0.05), at(0.95)]
}

/** Mean over the pixels of each patch, row by row: float32 [patches], metres. */
export function patchMeans({ height, width, metres }: DepthPicture, patchSize: number): Float32Array {
  const [rows, columns] = [height / patchSize, width / patchSize]
  const sums = new Float64Array(rows * columns)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) sums[Math.floor(y / patchSize) * columns + Math.floor(x / patchSize)]! += metres[y * width + x]!
  return Float32Array.from(sums, (sum) => sum / (patchSize * patchSize))
}

export interface MeasureOptions {
  /** What is being done, in words. */
  readonly title: string
  readonly size: AnalysisSize
  /** What becomes of the depth of a picture. @throws EngineError DISK, which ends it */
  take(image: LibraryImage, hash: string, depth: DepthPicture): Promise<void>
}

/**
 * Measures one picture after the other; one that fails is told and left out.
 * @returns what was left out
 * @throws EngineError BAD_REQUEST for a head of another model or kind, RUNTIME where picture after picture fails in the model, NOT_FOUND, DISK; the signal's reason
 */
export async function measureDepth(state: EngineState, { modelId, headId }: Pick<DepthLibraryRequest, 'modelId' | 'headId'>, images: readonly LibraryImage[], { title, size, take }: MeasureOptions, { signal, emit }: JobContext<HeadEvent>): Promise<readonly FileProblem[]> {
  const skipped: FileProblem[] = []
  const head = await state.heads.open(headId)
  if (head.manifest.kind !== 'depth') throw new EngineError('BAD_REQUEST', `the head ${JSON.stringify(head.manifest.name)} tells classes and not depth`, { detail: { headId } })
  const progress = createProgress(title, images.length, emit)
  let failures = 0
  await state.backbones.use(modelId, async (backbone) => {
    head.requireFit(backbone.config)
    for (const image of images) {
      signal.throwIfAborted()
      try {
        const { bytes, hash } = await state.libraries.readBytes(image.id)
        await take(image, hash, await depthOfPicture(backbone, head, bytes, size))
        failures = 0
      } catch (error) {
        signal.throwIfAborted()
        const { code } = toWire(error)
        if (code === 'DISK') throw error
        const problem = { relativePath: image.relativePath, code, reason: messageOf(error) }
        if (seriousCodes.has(code) && ++failures === failuresInARow)
          throw new EngineError('RUNTIME', `${failures} pictures one after the other could not be measured, the last of them ${problem.relativePath}: ${problem.reason}. What was measured before is kept; start again when the reason is gone`, { detail: { relativePath: problem.relativePath }, cause: error })
        skipped.push(problem)
        emit({ kind: 'skipped', problem })
      }
      progress.advance(1)
    }
  })
  progress.finish()
  return skipped
}
