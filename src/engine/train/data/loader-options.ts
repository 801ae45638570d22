/** @file What a loader can be asked for, and what to say otherwise. */
import { EngineError, type FileProblem } from '../../contract'
import type { CropGroup, Triple } from './layout'
import type { TrainingImage } from './problems'

export interface LoaderOptions {
  readonly images: readonly TrainingImage[]
  /** The folder that the pictures lie in, for the message when it is gone. */
  readonly root: string
  readonly groups: readonly CropGroup[]
  /** Pictures in a batch. */
  readonly batch: number
  readonly seed: number
  readonly patchSize: number
  /** Of values 0..1, per channel. */
  readonly mean: Triple
  readonly std: Triple
  /** DINOv2's official epoch length; else as many whole batches as there are pictures for, at least one. */
  readonly stepsPerEpoch?: number
  /** First and last step to be asked for, both included. */
  readonly firstStep: number
  readonly lastStep: number
  /** Decoded pictures kept, over all workers. */
  readonly cacheBytes: number
  /** Threads; 0 works in the calling one. */
  readonly workers: number
  /** Batches made ahead. */
  readonly ahead: number
  readonly signal: AbortSignal
  /** Told once of each picture that cannot be read. */
  onSkipped(problem: FileProblem): void
}

/** @throws EngineError TRAIN_IMAGES with fewer than two pictures, BAD_REQUEST for numbers that make no sense */
export function requireUsable(options: LoaderOptions): void {
  const { images, root, batch, workers, ahead, firstStep, lastStep, stepsPerEpoch, cacheBytes } = options
  if (images.length === 0) throw new EngineError('TRAIN_IMAGES', `there are no pictures to train on in ${root}`, { detail: { path: root, images: 0 } })
  if (images.length === 1)
    throw new EngineError('TRAIN_IMAGES', `there is only one picture in ${root} (${images[0]!.relativePath}); training needs at least two`, { detail: { path: root, images: 1 } })
  const atLeast = (name: string, value: number, least: number): void => {
    if (!Number.isSafeInteger(value) || value < least)
      throw new EngineError('BAD_REQUEST', `openLoader: ${name} is ${value}; a whole number of at least ${least} is needed`)
  }
  atLeast('batch', batch, 1)
  atLeast('workers', workers, 0)
  atLeast('ahead', ahead, 1)
  atLeast('firstStep', firstStep, 0)
  atLeast('lastStep', lastStep, firstStep)
  atLeast('stepsPerEpoch', stepsPerEpoch ?? 1, 1)
  atLeast('cacheBytes', cacheBytes, 0)
}

/** Somebody asked for a batch after the last one. */
export function pastTheEnd(lastStep: number): EngineError {
  return new EngineError('INTERNAL', `the training data loader was asked for a batch after its last step ${lastStep}`)
}

/** Somebody asked for a batch after the loader was closed. */
export function closed(): EngineError {
  return new EngineError('CANCELLED', 'the training data loader was closed')
}
