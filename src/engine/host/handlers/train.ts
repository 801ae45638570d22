/** @file Requests to plan and to begin training. */
import { join } from 'node:path'
import type { EngineContract, Handlers, TrainPlan } from '../../contract'
import { checkRecipe, createRunFolder, parseRecipe, recipePresets } from '../../train'
import type { EngineState } from '../engine-state'
import { chosenImages } from '../runs/chosen-images'
import { planRun, type PlannedRun } from '../runs/plan-run'
import { teacherModel } from '../runs/teacher-model'

type TrainRequests = 'train.presets' | 'train.check' | 'train.card' | 'train.start'

type TrainState = Pick<EngineState, 'options' | 'models' | 'libraries' | 'runs' | 'runStore'>

/** A start is not cancelled: it takes no longer than reading a folder. */
const never = new AbortController().signal

async function plan({ options, models, libraries, runStore }: TrainState, { name, images, recipe, init }: TrainPlan, signal: AbortSignal): Promise<PlannedRun> {
  const parsed = parseRecipe(recipe)
  const chosen = await chosenImages(libraries, images, signal)
  const sources = {
    models: () => models.folders(),
    find: (model: string) => models.stored(model),
    // Not among the models of the workspace: nobody asked for it there.
    teacherOf: async (run: string, heads?: 'with heads') => teacherModel(await runStore.open(run), 'newest', { modelsFolder: join(options.workspace, 'cache', 'teachers') }, { signal, emit: () => undefined }, heads),
  }
  return planRun({ name, root: chosen.root, images: chosen.images, recipe: parsed, init }, sources, chosen.skipped)
}

/** `train.*` */
export function trainHandlers(state: TrainState): Pick<Handlers<EngineContract>, TrainRequests> {
  const { options, runs, runStore } = state
  const runsFolder = join(options.workspace, 'runs')
  return {
    'train.presets': () => Promise.resolve(recipePresets()),
    'train.check': ({ recipe }) => Promise.resolve(checkRecipe(recipe)),
    'train.card': async (request, context) => {
      const { draft, images, yaml, init, teacher } = await plan(state, request, context.signal)
      return runs.card({ recipe: yaml, images, root: draft.root, initFolder: init?.folder, teacherFolder: teacher?.folder, workspace: options.workspace }, context)
    },
    'train.start': (request) =>
      runs.start(async () => {
        const { draft, images, yaml } = await plan(state, request, never)
        const { description } = await createRunFolder(runsFolder, draft, images, yaml)
        return runStore.find(description.id)
      }),
  }
}
