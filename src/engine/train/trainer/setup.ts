/** @file Everything that a run needs before its first step, opened from its folder alone: new, or where its newest checkpoint left off. */
import type { Runtime } from '../../runtime'
import { openModelFolder } from '../../weights'
import { durationSteps, maskOptions, parseRecipe, recipeSchedule, type Recipe, type RecipeSchedule } from '../recipe'
import { loadCheckpoint, newestCheckpoint, readRunImages, readRunRecipe, requireSameTeacher, teacherFolder, type CheckpointInfo, type RunFolder, type RunImage, type RunLock } from '../run'
import { openStepper, type StepSpec, type Stepper } from '../step'
import type { MaskOptions } from '../masking'
import type { Desk } from './desk'
import { findBatch } from './find-batch'
import { fillFrozen, openFrozenTeacher, type FrozenTeacher } from './frozen-teacher'
import { fillInitialWeights } from './initial-weights'
import { batchOf, expectedTensors, newMemory, restoreMemory, type RunMemory } from './run-memory'
import { stepSpec, updateOptions } from './step-plan'
import { makePrototypes } from './teacher-prototypes'

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
  const teacher = await keptTeacher(run, recipe, signal)
  const batch = recipe.run.batch !== 'auto' ? recipe.run.batch : checkpoint === undefined ? await findBatch(runtime, recipe, images.length, desk, signal, teacher?.spec) : await savedBatch(checkpoint)
  const spec = stepSpec(recipe, batch, runtime, teacher?.spec)
  const schedule = recipeSchedule(recipe, { imagesTotal: images.length, batch })
  const stepper = await openStepper(runtime, spec, updateOptions(recipe, spec))
  const memory = newMemory(stepper.state, spec.config.dim, batch)
  try {
    if (teacher !== undefined) await fillFrozen(memory.state, teacher)
    if (checkpoint !== undefined) await goOn(checkpoint, spec, memory)
    else {
      await begin(run, recipe, spec, memory)
      if (teacher !== undefined) await teach(run, { runtime, recipe, spec, state: memory.state, teacher, images }, desk, signal)
    }
  } catch (error) {
    await stepper.release()
    throw error
  }
  const { optimiser, teacher: temperatures } = recipe
  const warmupSteps = Math.max(...[optimiser.warmup, temperatures.teacher_temp_warmup, optimiser.freeze_last_layer].map((duration) => durationSteps(duration, schedule)))
  return { run, recipe, images, spec, schedule, masks: maskOptions(recipe, batch), stepper, memory, resumedFrom: checkpoint, warmupSteps }
}

/** The teacher of a distillation, from the run's own folder. @throws EngineError CHECKPOINT when it is not the one the run began with */
async function keptTeacher(run: RunFolder, recipe: Recipe, signal: AbortSignal): Promise<FrozenTeacher | undefined> {
  if (recipe.method !== 'distill') return undefined
  await requireSameTeacher(run.folder, run.description, signal)
  return openFrozenTeacher(teacherFolder(run.folder), recipe)
}

/** Gives the teacher the heads that it does not bring. */
async function teach({ description }: RunFolder, options: Pick<Parameters<typeof makePrototypes>[0], 'runtime' | 'recipe' | 'spec' | 'state' | 'teacher' | 'images'>, desk: Desk, signal: AbortSignal): Promise<void> {
  if (options.teacher.missing.length === 0) return
  const { name } = options.teacher.model.manifest
  desk.phase('preparing', `taking prototypes from what ${name} sees in the pictures`)
  await makePrototypes({ ...options, root: description.root, signal, onSkipped: desk.skipped, onBatch: (done, total) => { desk.progress(`taking prototypes from what ${name} sees in the pictures: ${done} of ${total} batches`) } })
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
