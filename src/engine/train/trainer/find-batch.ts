/** @file The largest batch that fits a memory budget, by trying: what a step takes grows with its pictures in a straight line. */
import { freemem } from 'node:os'
import { EngineError } from '../../contract'
import type { Runtime } from '../../runtime'
import { randomStream } from '../../tensor'
import { maskOptions, type Recipe } from '../recipe'
import { openStepper, type StepSpec, type TeacherSpec } from '../step'
import { stepFeeds } from './step-feeds'
import { stepSpec, updateOptions } from './step-plan'

/** Beyond this a larger batch only makes steps longer; accumulation does the same. */
const largestBatch = 64
const smallestBatch = 2
/** No trial is of more than so many times the pictures of the one before, so that a line that is wrong does no harm. */
const stride = 4
/** Closer than this to what is known to fit is close enough. */
const nearEnough = 1.25
const mostTrials = 8
/** Share of the free memory that is taken where the recipe names no budget; the rest is for decoded pictures and other programs. */
const freeShare = 0.5
const gibibyte = 2 ** 30

/** A batch and the bytes that a step of it takes. */
export interface Trial {
  readonly batch: number
  readonly bytes: number
}

/** Bytes that a step may take. */
export function memoryBudget({ run }: Recipe): number {
  return run.memory_budget_gb === 'auto' ? freeShare * freemem() : run.memory_budget_gb * gibibyte
}

/**
 * Measures steps on noise, each as large as a line through the last two allows, but for the first ones, which are small.
 * What it answers was tried and fits.
 * @throws EngineError MEMORY when not even the smallest trial fits; the signal's reason
 */
export async function findBatch(runtime: Runtime, recipe: Recipe, images: number, desk: { note(line: string): void }, signal: AbortSignal, teacher?: TeacherSpec): Promise<number> {
  const batch = await largestFitting(memoryBudget(recipe), Math.min(largestBatch, images), async (tried) => {
    // A stop is heard only when the event loop turns.
    await new Promise(setImmediate)
    signal.throwIfAborted()
    const bytes = await bytesOfStep(runtime, recipe, tried, teacher)
    desk.note(`a batch of ${tried} takes ${toGigabytes(bytes)} of ${toGigabytes(memoryBudget(recipe))} GB`)
    return bytes
  })
  desk.note(`batch ${batch} fits the memory`)
  return batch
}

const toGigabytes = (bytes: number): string => (bytes / gibibyte).toFixed(2)

/** The search by itself: even batches of at most `most` pictures, at least two. @throws EngineError MEMORY */
export async function largestFitting(budget: number, most: number, measure: (batch: number) => Promise<number>): Promise<number> {
  const limit = Math.max(smallestBatch, most & ~1)
  let before: Trial = { batch: smallestBatch, bytes: await measure(smallestBatch) }
  if (before.bytes > budget)
    throw new EngineError('MEMORY', `a batch of ${smallestBatch} needs ${toGigabytes(before.bytes)} GB and the budget is ${toGigabytes(budget)} GB; take a smaller model, smaller crops, or run.recompute_activations: true`)
  let good = before
  let bad: Trial | undefined
  for (let trials = 1; trials < mostTrials; trials++) {
    const below = bad === undefined ? limit : bad.batch - 2
    const fitting = good === before ? below : Math.min(below, fittingOf(bad ?? before, good, budget))
    if (fitting < nearEnough * good.batch) break
    const batch = Math.min(fitting, good === before ? 2 * smallestBatch : stride * good.batch)
    const trial = { batch, bytes: await measure(batch) }
    if (trial.bytes > budget) bad = trial
    else [before, good] = [good, trial]
  }
  return good.batch
}

/** Where the line through two trials reaches the budget, rounded down to an even batch. A line that does not rise allows anything. */
function fittingOf(other: Trial, good: Trial, budget: number): number {
  const perPicture = (good.bytes - other.bytes) / (good.batch - other.batch)
  return perPicture <= 0 ? Infinity : 2 * Math.floor((good.batch + (budget - good.bytes) / perPicture) / 2)
}

/**
 * Bytes that a step of `batch` pictures takes. The runtime keeps what it took until the session is released, so the
 * process's memory after a step tells; arrays of ours are counted instead of measured, for those of the trial before may
 * not be collected yet.
 */
async function bytesOfStep(runtime: Runtime, recipe: Recipe, batch: number, teacher: TeacherSpec | undefined): Promise<number> {
  const spec = stepSpec(recipe, batch, runtime, teacher)
  const before = nativeBytes()
  const stepper = await openStepper(runtime, spec, updateOptions(recipe, spec))
  try {
    stepper.state.student.data.fill(0.01)
    const groups = noiseGroups(spec)
    const feeds = stepFeeds(spec, maskOptions(recipe, batch), groups, { seed: recipe.seed, step: 0, micro: 0 })
    await stepper.step([feeds], { lr: 0, lastLayerLr: 0, weightDecay: 0, momentum: 1, teacherTemperature: 1, lastLayerFrozen: false })
    const taken = Math.max(0, nativeBytes() - before)
    const { student, teacher: average, frozen, first, second } = stepper.state
    const gradients = recipe.run.accumulate > 1 ? 2 : 1
    const own = [student, average, first, second, ...(frozen === undefined ? [] : [frozen])].reduce((sum, { data }) => sum + data.byteLength, gradients * student.data.byteLength)
    return taken + own + batchCopies * groups.reduce((sum, { byteLength }) => sum + byteLength, 0)
  } finally {
    await stepper.release()
  }
}

/** Of a batch of crops: two made ahead, one handed out and one to come. */
const batchCopies = 4

/** Memory of this process besides typed arrays. */
function nativeBytes(): number {
  const { rss, arrayBuffers } = process.memoryUsage()
  return rss - arrayBuffers
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
