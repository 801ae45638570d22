/** @file From what a person chose to everything a run's folder is made of. The app and the command line share it. */
import { EngineError, type FileProblem } from '../../contract'
import type { FilePath } from '../../files'
import { recipeConfig, recipeSchedule, recipeSummary, recipeYaml, type ListedImage, type Recipe, type RunDraft } from '../../train'
import type { ModelFolder } from '../../weights'
import { taughtRecipe } from './frozen-teacher'
import { initialWeights, runInit, type WeightSources } from './initial-weights'

/** A picture to train on. */
export interface PlannedImage extends ListedImage {
  readonly path: FilePath
}

export interface RunWishes {
  readonly name: string
  /** The folder the pictures lie in. */
  readonly root: string
  readonly images: readonly PlannedImage[]
  readonly recipe: Recipe
  /** `scratch`, `auto`, `run:ID`, or a model. */
  readonly init: string
}

/** What {@link createRunFolder} and a trial need. */
export interface PlannedRun {
  readonly draft: RunDraft
  readonly images: readonly PlannedImage[]
  /** The whole recipe. */
  readonly yaml: string
  readonly init: ModelFolder | undefined
  /** The frozen teacher of a distillation. */
  readonly teacher: ModelFolder | undefined
}

/** @throws EngineError TRAIN_IMAGES with fewer than two pictures */
function requireImages(root: string, images: readonly PlannedImage[], skipped: readonly FileProblem[]): void {
  if (images.length >= 2) return
  const what = images.length === 0 ? `There are no pictures to train on in ${root}` : `${JSON.stringify(images[0]?.relativePath)} is the only picture to train on in ${root}`
  throw new EngineError('TRAIN_IMAGES', `${what}; training needs at least two, and teaches something from some thousands on`, { detail: { path: root, images: images.length, skipped } })
}

/**
 * @param skipped files that were left out before, for the message when there are too few
 * @throws EngineError TRAIN_IMAGES, TRAIN_INIT, RECIPE for a length that does not fit so many pictures, what the sources of weights throw
 */
export async function planRun({ name, root, images, recipe, init }: RunWishes, sources: WeightSources, skipped: readonly FileProblem[] = []): Promise<PlannedRun> {
  requireImages(root, images, skipped)
  const model = await initialWeights(init, recipe.init, recipeConfig(recipe), sources)
  // The folder says what was decided, also where the recipe left it open.
  const taught = await taughtRecipe(recipe, sources)
  const decided: Recipe = { ...(taught?.recipe ?? recipe), init: model === undefined ? 'scratch' : 'auto' }
  const stepsTotal = recipe.run.batch === 'auto' ? undefined : recipeSchedule(decided, { imagesTotal: images.length }).stepsTotal
  const draft: RunDraft = { name, root, init: runInit(model), ...(taught === undefined ? {} : { teacher: taught.teacher }), summary: recipeSummary(decided), ...(stepsTotal === undefined ? {} : { stepsTotal }) }
  return { draft, images, yaml: recipeYaml(decided), init: model, teacher: taught?.model }
}
