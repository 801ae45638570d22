/** @file Adds a model to a folder of models under a free id, from parameters that are at hand. */
import { join } from 'node:path'
import type { JobContext, Progress } from '../../contract'
import { elementCount } from '../../tensor'
import type { MatchedParameter } from '../layout/match-parameters'
import { importedTensor } from './imported-tensor'
import { folderNames, type VitModelFolder } from './model-folder'
import { numberedId, slugOf } from './slug'
import { writeModelFolder, type ModelDraft, type ModelPlace } from './write-model-folder'

/** Where models are kept. */
export interface ModelsPlace {
  readonly modelsFolder: string
  /** Models that come with the app, whose ids are left to them. */
  readonly bundledFolder?: string | undefined
}

/** A model as it is known before it is written. */
export interface NewModel extends Omit<ModelDraft, 'tensors' | 'parameters'> {
  /** Under the official names; each is read, checked and written when its turn comes. */
  readonly tensors: readonly MatchedParameter[]
}

const attempts = 10_000

/**
 * Writes a drafted model under the first free id after its name.
 * @throws EngineError DISK, ALREADY_EXISTS, or what reading a tensor throws; the signal's reason
 */
export async function placeModel(place: ModelsPlace, draft: ModelDraft, context: JobContext<Progress>): Promise<VitModelFolder> {
  return writeModelFolder(await freePlaces(place, draft.name), draft, context)
}

/** Where a model of that name may go, in the order of preference. */
export async function freePlaces({ modelsFolder, bundledFolder }: ModelsPlace, name: string): Promise<ModelPlace[]> {
  const bundled = new Set(bundledFolder === undefined ? [] : await folderNames(bundledFolder))
  const slug = slugOf(name)
  const ids = Array.from({ length: attempts }, (_, index) => numberedId(slug, index + 1)).filter((id) => !bundled.has(id))
  return ids.map((id) => ({ id, folder: join(modelsFolder, id) }))
}

/**
 * Adds a model that was not imported from a file.
 * @throws EngineError as {@link placeModel}, MODEL_TENSOR for a tensor that is not floating point, MODEL_NOT_FINITE
 */
export async function addModel(place: ModelsPlace, model: NewModel, context: JobContext<Progress>): Promise<VitModelFolder> {
  const { source } = model.provenance
  const tensors = model.tensors.map((parameter) => importedTensor(source, parameter))
  const parameters = tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0)
  return placeModel(place, { ...model, tensors, parameters }, context)
}
