/** @file A trial of some steps on the very images: what a run would take, and an honest word on what may be hoped for. Touches no run. */
import { statfs } from 'node:fs/promises'
import { freemem } from 'node:os'
import { dirname } from 'node:path'
import { EngineError, type FeasibilityCard, type FileProblem, type JobContext, type Progress, type ProviderName } from '../../contract'
import { createProgress } from '../../progress'
import type { Runtime } from '../../runtime'
import { randomStream } from '../../tensor'
import { openModelFolder, type ModelFolder } from '../../weights'
import type { TrainingImage } from '../data'
import { maskOptions, recipeSchedule, recipeSummary, type Recipe } from '../recipe'
import { openStepper, type Stepper } from '../step'
import { judge } from './data-advice'
import { openFeeding, type FeedingPlan } from './feeding'
import { findBatch } from './find-batch'
import { fillFrozen, openFrozenTeacher, type FrozenTeacher, type HeadName } from './frozen-teacher'
import { fillInitialWeights } from './initial-weights'
import { memoryTensors, newMemory, type RunMemory } from './run-memory'
import { stepSpec, updateOptions } from './step-plan'
import { openTrainingRuntime } from './training-runtime'

export interface TrialOptions {
  readonly recipe: Recipe
  readonly images: readonly TrainingImage[]
  /** The folder the pictures lie in. */
  readonly root: string
  /** Model folder to begin with, or undefined from scratch. */
  readonly initFolder: string | undefined
  /** Model folder of the frozen teacher of a distillation. */
  readonly teacherFolder?: string | undefined
  readonly provider?: ProviderName | undefined
  readonly threads?: number | undefined
  /** Whose disk the checkpoints will go to. */
  readonly workspace: string
}

const trialSteps = 20
/** The first steps wait for the first pictures and for memory that is taken once. */
const uncountedSteps = 2
/** A slow recipe is known to be slow before its twentieth step. */
const trialMs = 90_000
const leastCounted = 3

/**
 * Takes up to twenty real steps, pictures and all, and throws their weights away.
 * @throws EngineError MEMORY, TRAIN_IMAGES, TRAIN_INIT, RECIPE, SOURCE_UNAVAILABLE, RUNTIME; the signal's reason
 */
export async function trialCard(options: TrialOptions, { signal, emit }: JobContext<Progress>): Promise<FeasibilityCard> {
  const { recipe, images, initFolder, teacherFolder, provider, threads, workspace } = options
  const freeMemoryBytes = freemem() + process.memoryUsage().rss
  const model = initFolder === undefined ? undefined : await openModelFolder(initFolder)
  const teacher = teacherFolder === undefined ? undefined : await openFrozenTeacher(teacherFolder, recipe)
  const progress = createProgress('Trying some steps', Math.min(trialSteps, stepsOf(recipe, images.length)), emit)
  const runtime = await openTrainingRuntime(provider, threads)
  try {
    const batch = recipe.run.batch === 'auto' ? await findBatch(runtime, recipe, images.length, { note: () => undefined }, signal, teacher?.spec) : recipe.run.batch
    signal.throwIfAborted()
    const trial = await tryRecipe(options, batch, { model, teacher }, runtime, signal, () => {
      progress.advance(1)
    })
    progress.finish()
    const { stepsTotal, stepMs, checkpointBytes, skipped } = trial
    const measured = {
      images: images.length,
      summary: { ...recipeSummary(recipe), batch },
      stepsTotal,
      imagesPerSecond: (1000 * batch * recipe.run.accumulate) / stepMs,
      stepMs,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      freeMemoryBytes,
      checkpointBytes,
      freeDiskBytes: await freeDiskBytes(workspace),
      hours: (stepsTotal * stepMs) / 3_600_000,
      batch,
      skipped,
      ...(teacher === undefined ? {} : { teacher: { name: teacher.model.manifest.name, parameters: teacher.model.manifest.parameters } }),
    }
    return { ...measured, ...judge(measured, { fromScratch: model === undefined, accumulate: recipe.run.accumulate, waitShare: trial.waitShare, finite: trial.finite }) }
  } finally {
    await runtime.dispose()
  }
}

/** Before the batch is known, as many as a trial could want. */
function stepsOf(recipe: Recipe, imagesTotal: number): number {
  return recipe.run.batch === 'auto' ? trialSteps : recipeSchedule(recipe, { imagesTotal }).stepsTotal
}

/** What is begun with, and what is learned from. */
interface Models {
  readonly model: ModelFolder | undefined
  readonly teacher: FrozenTeacher | undefined
}

interface Trial {
  readonly stepsTotal: number
  readonly stepMs: number
  readonly checkpointBytes: number
  /** Of a step's time, spent waiting for pictures. */
  readonly waitShare: number
  readonly finite: boolean
  readonly skipped: readonly FileProblem[]
}

async function tryRecipe(options: TrialOptions, batch: number, { model, teacher }: Models, runtime: Runtime, signal: AbortSignal, onStep: () => void): Promise<Trial> {
  const { recipe, images, root } = options
  const spec = stepSpec(recipe, batch, runtime, teacher?.spec)
  const schedule = recipeSchedule(recipe, { imagesTotal: images.length, batch })
  const stepper = await openStepper(runtime, spec, updateOptions(recipe, spec))
  const skipped: FileProblem[] = []
  try {
    const memory = newMemory(stepper.state, spec.config.dim, batch)
    await fillInitialWeights(stepper.state, spec, recipe.seed, recipe.model.layerscale, model)
    if (teacher !== undefined) await fillFrozen(stepper.state, teacher)
    for (const which of teacher?.missing ?? []) fillAnyHead(stepper.state, which, recipe.seed)
    const plan: FeedingPlan = { root, recipe, images, spec, schedule, masks: maskOptions(recipe, batch), memory }
    const timed = await timeSteps(plan, stepper, signal, onStep, skipped)
    return { ...timed, stepsTotal: schedule.stepsTotal, checkpointBytes: bytesOf(memory), skipped }
  } finally {
    await stepper.release()
  }
}

/** Any prototypes cost the same as those that a run would take from the pictures, which is the work of many steps. */
function fillAnyHead({ frozen }: Stepper['state'], which: HeadName, seed: number): void {
  const tensors = [...(frozen?.tensors ?? [])].filter(([name]) => name.startsWith(`${which}.`))
  for (const [name, { data }] of tensors) {
    const random = randomStream(seed, name.length)
    if (name.endsWith('.weight_g')) data.fill(1)
    else if (!name.endsWith('.bias')) for (let index = 0; index < data.length; index++) data[index] = random.normal()
  }
}

async function timeSteps(plan: FeedingPlan, stepper: Stepper, signal: AbortSignal, onStep: () => void, skipped: FileProblem[]): Promise<Pick<Trial, 'stepMs' | 'waitShare' | 'finite'>> {
  const { schedule } = plan
  const feeding = await openFeeding(plan, signal, (problem) => skipped.push(problem))
  const times: number[] = []
  let waitedMs = 0
  let finite = true
  try {
    const startedMs = performance.now()
    for (let step = 0; step < Math.min(trialSteps, schedule.stepsTotal); step++) {
      // Messages, a cancel among them, are heard only when the event loop turns.
      await new Promise(setImmediate)
      signal.throwIfAborted()
      const stepStartedMs = performance.now()
      const result = await stepper.step(feeding.step(step), schedule.at(step))
      times.push(performance.now() - stepStartedMs)
      if (times.length > uncountedSteps) waitedMs += feeding.waitedMs()
      onStep()
      finite = result.finite
      if (!finite || (times.length >= uncountedSteps + leastCounted && performance.now() - startedMs > trialMs)) break
    }
  } finally {
    await feeding.close()
  }
  const counted = times.length > uncountedSteps ? times.slice(uncountedSteps) : times.slice(-1)
  const totalMs = counted.reduce((sum, time) => sum + time, 0)
  if (counted.length === 0) throw new EngineError('RECIPE', 'the recipe has no steps to try', { detail: { problems: [{ path: 'run.steps', message: 'there are none', line: undefined }] } })
  return { stepMs: totalMs / counted.length, waitShare: waitedMs / totalMs, finite }
}

/** What a checkpoint of this memory takes on disk, but for a few kilobytes. */
function bytesOf(memory: RunMemory): number {
  let bytes = 0
  for (const entries of Object.values(memoryTensors(memory))) for (const [, tensor] of entries) bytes += 'data' in tensor ? tensor.data.byteLength : 0
  return bytes
}

/** Of the disk of a folder, which need not exist yet. */
async function freeDiskBytes(folder: string): Promise<number> {
  for (let place = folder; ; place = dirname(place)) {
    const free = await statfs(place).then(({ bavail, bsize }) => bavail * bsize, () => undefined)
    if (free !== undefined) return free
    if (dirname(place) === place) return 0
  }
}
