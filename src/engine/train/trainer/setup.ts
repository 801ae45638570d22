/** @file Everything that a run needs before its first step, opened from its folder alone: new, or where its newest checkpoint left off. */
import type { Runtime } from '../../runtime'
import { openModelFolder } from '../../weights'
import { durationSteps, maskOptions, parseRecipe, recipeSchedule, type Recipe, type RecipeSchedule } from '../recipe'
import { loadCheckpoint, newestCheckpoint, readRunImages, readRunRecipe, type CheckpointInfo, type RunFolder, type RunImage, type RunLock } from '../run'
import { openStepper, type StepSpec, type Stepper } from '../step'
import type { MaskOptions } from '../masking'
import type { Desk } from './desk'
import { findBatch } from './find-batch'
import { fillInitialWeights } from './initial-weights'
import { batchOf, expectedTensors, newMemory, restoreMemory, type RunMemory } from './run-memory'
import { stepSpec, updateOptions } from './step-plan'

export interface Setup {
  readonly run: RunFolder
  readonly recipe: Recipe
  readonly images: readonly RunImage[]
  readonly spec: StepSpec
  readonly schedule: RecipeSchedule
  readonly masks: MaskOptions | undefined
  readonly stepper: Stepper
  readonly memory: RunMemory
  /** The checkpoint that the run goes on from; undefined where it begins. */
  readonly resumedFrom: CheckpointInfo | undefined
  /** Steps in which a young run's oddities are no symptoms. */
  readonly warmupSteps: number
}

/**
 * Opens a run.
 * @throws EngineError RECIPE, TRAIN_INIT, CHECKPOINT when there are checkpoints and none is valid, MEMORY, RUNTIME; the signal's reason
 */
export async function openSetup(run: RunFolder, lock: RunLock, runtime: Runtime, desk: Desk, signal: AbortSignal): Promise<Setup> {
  const recipe = parseRecipe(await readRunRecipe(run))
  const images = await readRunImages(run)
  const { checkpoint, refused } = await newestCheckpoint(run, { lock, signal })
  for (const { step, reason } of refused) desk.phase('preparing', `the checkpoint of step ${step} was refused: ${reason}; going on from that of step ${checkpoint?.step ?? 0}`)
  const batch = recipe.run.batch !== 'auto' ? recipe.run.batch : checkpoint === undefined ? await findBatch(runtime, recipe, images.length, desk, signal) : await savedBatch(checkpoint)
  const spec = stepSpec(recipe, batch, runtime)
  const schedule = recipeSchedule(recipe, { imagesTotal: images.length, batch })
  const stepper = await openStepper(runtime, spec, updateOptions(recipe, spec))
  const memory = newMemory(stepper.state, spec.config.dim, batch)
  try {
    if (checkpoint === undefined) await begin(run, recipe, spec, memory)
    else await goOn(checkpoint, spec, memory)
  } catch (error) {
    await stepper.release()
    throw error
  }
  const { optimiser, teacher } = recipe
  const warmupSteps = Math.max(...[optimiser.warmup, teacher.teacher_temp_warmup, optimiser.freeze_last_layer].map((duration) => durationSteps(duration, schedule)))
  return { run, recipe, images, spec, schedule, masks: maskOptions(recipe, batch), stepper, memory, resumedFrom: checkpoint, warmupSteps }
}

async function savedBatch(checkpoint: CheckpointInfo): Promise<number> {
  const loaded = await loadCheckpoint(checkpoint)
  await loaded.close()
  return batchOf(loaded)
}

async function begin({ description }: RunFolder, recipe: Recipe, spec: StepSpec, { state }: RunMemory): Promise<void> {
  const model = description.init === undefined ? undefined : await openModelFolder(description.init.folder)
  await fillInitialWeights(state, spec, recipe.seed, recipe.model.layerscale, model)
}

/** Puts a checkpoint into the memory of a run. @throws EngineError CHECKPOINT when it is of another architecture */
export async function goOn(checkpoint: CheckpointInfo, spec: StepSpec, memory: RunMemory): Promise<void> {
  const loaded = await loadCheckpoint(checkpoint, expectedTensors(spec))
  try {
    await restoreMemory(memory, loaded)
  } finally {
    await loaded.close()
  }
}
