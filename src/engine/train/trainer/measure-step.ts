/** @file How long a step of a recipe takes, on noise, and how fast its pictures come: for benchmarks. */
import { EngineError } from '../../contract'
import type { Runtime } from '../../runtime'
import { measureLoader, type LoaderSpeed, type TrainingImage } from '../data'
import { maskOptions, type Recipe } from '../recipe'
import { openStepper, type StepRates } from '../step'
import { loaderOptions } from './loader-options'
import { noiseGroups } from './find-batch'
import { fillInitialWeights } from './initial-weights'
import { stepFeeds } from './step-feeds'
import { stepSpec, updateOptions } from './step-plan'

const gentle: StepRates = { lr: 1e-5, lastLayerLr: 1e-5, weightDecay: 0.04, momentum: 0.996, teacherTemperature: 0.04, lastLayerFrozen: false }

/**
 * The fastest of several whole steps, after one that is not counted.
 * @param between runs before each of them, such as a measurement that both are held against
 */
export async function measureStep(runtime: Runtime, recipe: Recipe, batch: number, repetitions: number, between: () => Promise<void>): Promise<{ readonly milliseconds: number }> {
  const spec = stepSpec(recipe, batch, runtime)
  const stepper = await openStepper(runtime, spec, updateOptions(recipe, spec))
  try {
    await fillInitialWeights(stepper.state, spec, recipe.seed, recipe.model.layerscale, undefined)
    const feeds = stepFeeds(spec, maskOptions(recipe, batch), noiseGroups(spec), { seed: recipe.seed, step: 0, micro: 0 })
    await stepper.step([feeds], gentle)
    let milliseconds = Infinity
    for (let repetition = 0; repetition < repetitions; repetition++) {
      await between()
      const start = performance.now()
      await stepper.step([feeds], gentle)
      milliseconds = Math.min(milliseconds, performance.now() - start)
    }
    return { milliseconds }
  } finally {
    await stepper.release()
  }
}

/** Pictures that become a recipe's crops in a second while nothing else is done. */
export async function measureTrainingData(recipe: Recipe, images: readonly TrainingImage[], root: string, batch: number, steps: number): Promise<LoaderSpeed> {
  const never = new AbortController().signal
  return measureLoader({
    ...loaderOptions(recipe, batch),
    ...{ images, root, firstStep: 0, lastStep: steps, signal: never },
    onSkipped: ({ relativePath, reason }) => {
      throw new EngineError('TRAIN_IMAGES', `${relativePath}: ${reason}`)
    },
  })
}
