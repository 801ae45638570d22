/** @file Pictures for each step of a run: the loader's batches made into what the step graph is fed. */
import type { FileProblem } from '../../contract'
import { openLoader, type Loader, type LoaderOptions } from '../data'
import type { StepFeeds } from '../step'
import { loaderOptions } from './loader-options'
import type { Setup } from './setup'
import { stepFeeds } from './step-feeds'

export interface Feeding {
  /** What the runs of a step are fed, made when they are asked for. */
  step(step: number): AsyncIterable<StepFeeds>
  /** Numbers of the pictures that the last step was fed. */
  pictures(): readonly number[]
  /** Time that the last step waited for pictures, milliseconds. */
  waitedMs(): number
  close(): Promise<void>
}

/** What the pictures of a run depend on. */
export interface FeedingPlan extends Pick<Setup, 'recipe' | 'spec' | 'schedule' | 'masks' | 'memory'> {
  /** The folder the pictures lie in. */
  readonly root: string
  readonly images: LoaderOptions['images']
}

/** Opens the loader where the memory says that training is. */
export async function openFeeding({ root, recipe, images, spec, schedule, masks, memory }: FeedingPlan, signal: AbortSignal, onSkipped: (problem: FileProblem) => void): Promise<Feeding> {
  const { accumulate } = recipe.run
  const steps = { firstStep: memory.step * accumulate, lastStep: schedule.stepsTotal * accumulate - 1 }
  const loader: Loader | undefined =
    steps.firstStep > steps.lastStep ? undefined : await openLoader({ ...loaderOptions(recipe, spec.batch), ...steps, root, images, signal, onSkipped })
  let pictures: number[] = []
  let waitedMs = 0
  return {
    step: async function* (step) {
      pictures = []
      waitedMs = 0
      for (let micro = 0; micro < accumulate; micro++) {
        signal.throwIfAborted()
        if (loader === undefined) return
        const batch = await loader.next()
        pictures.push(...batch.images)
        waitedMs += batch.waitedMs
        try {
          yield stepFeeds(spec, masks, batch.groups, { seed: recipe.seed, step, micro })
        } finally {
          batch.release()
        }
      }
    },
    pictures: () => pictures,
    waitedMs: () => waitedMs,
    close: async () => loader?.close(),
  }
}
