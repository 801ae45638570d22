/** @file The largest batch that fits a memory budget, from two short trials: what a step takes grows with its pictures in a straight line. */
import { freemem } from 'node:os'
import { EngineError } from '../../contract'
import type { Runtime } from '../../runtime'
import { randomStream } from '../../tensor'
import type { Recipe } from '../recipe'
import { openStepper, type StepSpec } from '../step'
import { maskOptions } from '../recipe'
import { stepFeeds } from './step-feeds'
import { stepSpec, updateOptions } from './step-plan'

const trialBatches = [2, 4] as const
/** Beyond this a larger batch only makes steps longer; accumulation does the same. */
const largestBatch = 64
/** Share of the free memory that is taken where the recipe names no budget. */
const freeShare = 0.6
const gibibyte = 2 ** 30

/** Bytes that this process may take. */
export function memoryBudget({ run }: Recipe): number {
  return run.memory_budget_gb === 'auto' ? freeShare * freemem() + process.memoryUsage().rss : run.memory_budget_gb * gibibyte
}

/**
 * Measures steps of two sizes on noise and extends the line.
 * @throws EngineError MEMORY when not even the smaller trial fits
 */
export async function findBatch(runtime: Runtime, recipe: Recipe, images: readonly unknown[], desk: { note(line: string): void }): Promise<number> {
  const budget = memoryBudget(recipe)
  const peaks: number[] = []
  for (const batch of trialBatches) peaks.push(await peakOf(runtime, recipe, batch))
  const [small = 0, large = 0] = peaks
  if (small > budget)
    throw new EngineError('MEMORY', `a batch of ${trialBatches[0]} needs ${toGigabytes(small)} GB and the budget is ${toGigabytes(budget)} GB; take a smaller model, smaller crops, or run.recompute_activations: true`)
  const perPicture = Math.max(1, (large - small) / (trialBatches[1] - trialBatches[0]))
  const fitting = trialBatches[0] + Math.floor((budget - small) / perPicture)
  const batch = Math.max(2, Math.min(largestBatch, fitting, images.length) & ~1)
  desk.note(`batch ${batch}: ${toGigabytes(perPicture)} GB a picture, ${toGigabytes(small + (batch - trialBatches[0]) * perPicture)} of ${toGigabytes(budget)} GB`)
  return batch
}

const toGigabytes = (bytes: number): string => (bytes / gibibyte).toFixed(2)

async function peakOf(runtime: Runtime, recipe: Recipe, batch: number): Promise<number> {
  const spec = stepSpec(recipe, batch, runtime.attention)
  const stepper = await openStepper(runtime, spec, updateOptions(recipe, spec))
  try {
    stepper.state.student.data.fill(0.01)
    const feeds = stepFeeds(spec, maskOptions(recipe, batch), noiseGroups(spec), { seed: recipe.seed, step: 0, micro: 0 })
    await stepper.step([feeds], { lr: 0, lastLayerLr: 0, weightDecay: 0, momentum: 1, teacherTemperature: 1, lastLayerFrozen: false })
    return process.resourceUsage().maxRSS * 1024
  } finally {
    await stepper.release()
  }
}

/** Global and local patch rows of noise. */
export function noiseGroups({ batch, config, globalSize, localSize, localCrops }: StepSpec): Float32Array[] {
  const random = randomStream(1)
  const group = (crops: number, size: number): Float32Array => {
    const values = new Float32Array(crops * batch * Math.floor(size / config.patchSize) ** 2 * 3 * config.patchSize ** 2)
    for (let index = 0; index < values.length; index++) values[index] = 2 * random.uniform() - 1
    return values
  }
  return localCrops === 0 ? [group(2, globalSize)] : [group(2, globalSize), group(localCrops, localSize)]
}
