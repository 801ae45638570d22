/** @file The frozen model that a distillation learns from: the one that was named, or the smallest at hand that is larger than the student. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../contract'
import { headsFile, ownHeads, recipeSummary, teacherProblem, type Recipe, type RunTeacher } from '../../train'
import { hashFile, type ModelFolder } from '../../weights'
import { runPrefix, type WeightSources } from './initial-weights'
import { isRunTeacher } from './teacher-model'

/** A recipe whose teacher is found, and that teacher. */
export interface TaughtRecipe {
  /** With the teacher by name, and as many prototypes as its heads have. */
  readonly recipe: Recipe
  readonly model: ModelFolder
  readonly teacher: RunTeacher & { readonly folder: string }
}

/**
 * @returns undefined where the recipe does not distil
 * @throws EngineError TRAIN_INIT when the teacher does not fit or none is at hand; what the sources throw
 */
export async function taughtRecipe(recipe: Recipe, sources: WeightSources): Promise<TaughtRecipe | undefined> {
  if (recipe.method !== 'distill') return undefined
  const wish = recipe.teacher.model
  const model = await (wish === 'auto' ? atHand(recipe, await sources.models()) : wish.startsWith(runPrefix) ? sources.teacherOf(wish.slice(runPrefix.length), 'with heads') : sources.find(wish, 'with heads'))
  const { manifest, folder } = model
  const problem = teacherProblem(recipe, manifest)
  if (problem !== undefined) throw new EngineError('TRAIN_INIT', problem, { detail: { model: manifest.id } })
  const { dino_head: own, ibot_head: ownIbot } = await ownHeads(folder)
  const headsPath = join(folder, headsFile)
  const hasHeads = await stat(headsPath).then((stats) => stats.isFile(), () => false)
  return {
    model,
    recipe: {
      ...recipe,
      dino: { ...recipe.dino, head_n_prototypes: own?.prototypes ?? recipe.dino.head_n_prototypes },
      ibot: { ...recipe.ibot, head_n_prototypes: ownIbot?.prototypes ?? recipe.ibot.head_n_prototypes },
      teacher: { ...recipe.teacher, model: wish === 'auto' ? manifest.id : wish },
    },
    teacher: { name: manifest.name, sha256: manifest.weights.sha256, ...(hasHeads ? { headsSha256: await hashFile(headsPath) } : {}), folder },
  }
}

/** What another run of one's own has learned is learned from on request only, as with the weights to begin with. */
function atHand(recipe: Recipe, models: readonly ModelFolder[]): ModelFolder {
  const { architecture, backboneParameters } = recipeSummary(recipe)
  const [found] = models
    .filter(({ manifest }) => manifest.trained && !isRunTeacher(manifest) && manifest.parameters > backboneParameters && teacherProblem(recipe, manifest) === undefined)
    .toSorted((left, right) => left.manifest.parameters - right.manifest.parameters)
  if (found !== undefined) return found
  throw new EngineError('TRAIN_INIT', `There is no trained model to learn from that is larger than the student, ${architecture}, and sees patches of ${recipe.model.patch_size} pixels. Import one, or name another teacher: its patches have to be those of the student (model.patch_size).`)
}
