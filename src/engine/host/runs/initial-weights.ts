/** @file The weights a run begins with: those that were named, those that are at hand, or none. */
import { EngineError } from '../../contract'
import { architectureName, type VitConfig } from '../../nn'
import type { RunInit } from '../../train'
import { isVit, requireVit, type ModelFolder } from '../../weights'
import { architectureDifferences } from './architecture-match'
import { isRunTeacher } from './teacher-model'

/** Where weights are looked for. */
export interface WeightSources {
  /** Every model there is, in the order of preference. */
  models(): Promise<readonly ModelFolder[]>
  /** A model by its id; where it names a run, `with heads` as {@link teacherOf}. @throws EngineError NOT_FOUND */
  find(model: string, heads?: 'with heads'): Promise<ModelFolder>
  /** The teacher of another run, as a model; `with heads` they lie beside its weights. @throws EngineError NOT_FOUND, CHECKPOINT */
  teacherOf(run: string, heads?: 'with heads'): Promise<ModelFolder>
}

/** `run:ID` names the teacher of a run. */
export const runPrefix = 'run:'

/**
 * @param init `scratch`, `auto`, `run:ID`, or a model
 * @param auto what the recipe says where `init` is `auto`
 * @returns undefined from scratch
 * @throws EngineError TRAIN_INIT when the architectures differ, MODEL_UNSUPPORTED for a graph of another maker; what the sources throw
 */
export async function initialWeights(init: string, auto: 'auto' | 'scratch', config: VitConfig, sources: WeightSources): Promise<ModelFolder | undefined> {
  if (init === 'scratch' || (init === 'auto' && auto === 'scratch')) return undefined
  if (init === 'auto') return pretrained(await sources.models(), config)
  const model = await (init.startsWith(runPrefix) ? sources.teacherOf(init.slice(runPrefix.length)) : sources.find(init))
  requireFit(model, config)
  return model
}

/** What a run's description keeps of the weights it begins with. */
export function runInit(model: ModelFolder | undefined): RunInit | undefined {
  return model === undefined ? undefined : { name: model.manifest.name, folder: model.folder, sha256: model.manifest.weights.sha256 }
}

/** The first that was trained elsewhere and fits: what another run of one's own has learned is begun with on request only. */
function pretrained(models: readonly ModelFolder[], config: VitConfig): ModelFolder | undefined {
  return models.filter(isVit).find(({ manifest }) => manifest.trained && !isRunTeacher(manifest) && architectureDifferences(config, manifest.config).length === 0)
}

function requireFit(model: ModelFolder, config: VitConfig): void {
  const { manifest } = requireVit(model, 'trained from')
  const differences = architectureDifferences(config, manifest.config)
  if (differences.length === 0) return
  const changes = differences.map(({ change }) => change)
  const advice = changes.every((change) => change !== undefined) ? `To continue from it, set ${changes.join(', ')} in the recipe` : 'The recipe cannot describe that network; choose another model'
  throw new EngineError(
    'TRAIN_INIT',
    `The recipe trains a ${architectureName(config)}, but ${JSON.stringify(manifest.name)} is a ${architectureName(manifest.config)}: ${differences.map(({ what }) => what).join('; ')}. ${advice}, or begin from scratch.`,
    { detail: { model: manifest.id, recipe: architectureName(config), found: architectureName(manifest.config), changes: changes.filter((change) => change !== undefined) } },
  )
}
