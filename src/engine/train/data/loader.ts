/** @file From a list of picture files to batches of augmented patch rows, made ahead of the model that learns from them. */
import type { FileProblem } from '../../contract'
import { createBatchMaker } from './batch-maker'
import { createBufferPool } from './buffer-pool'
import { openCropWorkers } from './crop-workers'
import { createGateState } from './large-gate'
import { groupViews, layOut } from './layout'
import { closed, pastTheEnd, requireUsable, type LoaderOptions } from './loader-options'
import { createProblems } from './problems'
import { whenAborted } from './when-aborted'

export interface TrainBatch {
  /** From 0. */
  readonly step: number
  readonly epoch: number
  /** Numbers of the pictures, row by row. */
  readonly images: readonly number[]
  /** One per group of crops: float32 [crops · batch, patches, 3 · patchSize²], all pictures' first crops first. */
  readonly groups: readonly Float32Array[]
  /** How long `next` waited for it: what the model lost to reading. */
  readonly waitedMs: number
  /** Gives the arrays back; a later batch is written into them. */
  release(): void
}

export interface Loader {
  readonly stepsPerEpoch: number
  /**
   * The batch of the next step.
   * @throws EngineError TRAIN_IMAGES when no picture can be read, SOURCE_UNAVAILABLE when the folder is gone, INTERNAL
   *   when a worker crashed; the signal's reason when it is aborted
   */
  next(): Promise<TrainBatch>
  /** Pictures that turned out unreadable, in the order found. */
  readonly skipped: readonly FileProblem[]
  /** Bytes of decoded pictures kept, as last heard from the workers. */
  cachedBytes(): number
  /** Ends the workers within a second, also in the middle of a picture. */
  close(): Promise<void>
}

interface Underway {
  readonly step: number
  readonly slot: number
  /** Numbers of the pictures. */
  readonly made: Promise<readonly number[]>
}

/**
 * Opens a loader over `images`. The batch of a step is a function of (seed, step, images, batch, recipe) alone: neither
 * the number of workers, nor the cache, nor where a run was resumed changes a byte. Position `step · batch + row` walks
 * over one random permutation of all pictures after another; crops take their numbers from (seed, pass, picture, crop).
 * @throws EngineError TRAIN_IMAGES with fewer than two pictures, BAD_REQUEST for options that make no sense
 */
export async function openLoader(options: LoaderOptions): Promise<Loader> {
  requireUsable(options)
  const { images, root, batch, seed, mean, std, firstStep, lastStep, cacheBytes, ahead, signal } = options
  const layout = layOut(options)
  const stepsPerEpoch = options.stepsPerEpoch ?? Math.max(1, Math.floor(images.length / batch))
  // Workers write into shared memory, which ONNX Runtime does not take; a batch is copied as it is handed out.
  const slots = Array.from({ length: ahead }, () => new Float32Array(new SharedArrayBuffer(layout.values * Float32Array.BYTES_PER_ELEMENT)))
  const buffers = createBufferPool(layout.values)
  const problems = createProblems(images, root, options.onSkipped)
  const workers = await openCropWorkers(options.workers, { layout, mean, std, seed, cacheBytes, slots, largeGate: createGateState() })
  const makeBatch = createBatchMaker({ images, batch, seed, crops: layout.crops, workers, problems })

  const free = slots.map((_, slot) => slot)
  const underway: Underway[] = []
  const aborted = whenAborted(signal)
  let nextStep = firstStep
  let failure: { readonly reason: unknown } | undefined
  const fill = (): void => {
    while (free.length > 0 && nextStep <= lastStep && failure === undefined && !signal.aborted) {
      const slot = free.shift()!
      const step = nextStep++
      const made = makeBatch(step, slot)
      // Met when its turn comes; until then it must not count as unhandled.
      made.catch(() => undefined)
      underway.push({ step, slot, made })
    }
  }
  fill()

  return {
    stepsPerEpoch,
    skipped: problems.list,
    cachedBytes: workers.cachedBytes,
    next: async () => {
      const askedAt = performance.now()
      signal.throwIfAborted()
      if (failure !== undefined) throw failure.reason
      const current = underway.shift()
      if (current === undefined) throw pastTheEnd(lastStep)
      try {
        const pictures = await Promise.race([current.made, aborted.promise])
        const buffer = buffers.take()
        buffer.values.set(slots[current.slot]!)
        free.push(current.slot)
        fill()
        return {
          step: current.step,
          epoch: Math.floor(current.step / stepsPerEpoch),
          images: pictures,
          groups: groupViews(layout, buffer.values),
          waitedMs: performance.now() - askedAt,
          release: buffer.release,
        }
      } catch (reason) {
        failure ??= { reason }
        throw reason
      }
    },
    close: async () => {
      failure ??= { reason: closed() }
      aborted.forget()
      await workers.close()
    },
  }
}
