/** @file The precision of a model in an engine: what is kept of it, what the provider can do, and what both together mean. */
import { basename } from 'node:path'
import type { JobContext, Precision, PrecisionCard, PrecisionMeasureRequest, PrecisionState, Progress } from '../../contract'
import { offeredPrecisions } from '../../inference'
import { requireVit, type VitModelFolder } from '../../weights'
import type { EngineState } from '../engine-state'
import type { UsedModel } from '../model-store'
import { presence } from '../row-hashes'
import { measureCard, samplePictures, type PictureReader } from './measure'

/** A model that can be computed in other precisions. @throws EngineError NOT_FOUND, MODEL_UNSUPPORTED for the graph of another maker */
async function find({ models }: EngineState, modelId: string): Promise<Extract<UsedModel, VitModelFolder>> {
  return requireVit(await models.find(modelId), 'computed in another precision')
}

/** @throws EngineError NOT_FOUND, MODEL_UNSUPPORTED */
export async function precisionState(state: EngineState, modelId: string): Promise<PrecisionState> {
  const { precisions, runtime } = state
  const { manifest } = await find(state, modelId)
  const opened = await runtime
  const { cards } = await precisions.of(manifest.weights.sha256)
  return { modelId, precision: manifest.precision, offered: offeredPrecisions(opened), cards: cards.filter(({ provider }) => provider === opened.provider) }
}

/** @throws EngineError as `measureCard`; NOT_FOUND, MODEL_UNSUPPORTED, DISK */
export async function measureModel(state: EngineState, { modelId, libraryId, precision }: PrecisionMeasureRequest, context: JobContext<Progress>): Promise<PrecisionCard> {
  const model = await find(state, modelId)
  const { folder, pictures } = libraryId === undefined ? { folder: undefined, pictures: await samplePictures(state.options.resources) } : picturesOf(state, libraryId)
  const card = await measureCard(await state.runtime, model, { precision, folder, pictures }, context)
  await state.precisions.keepCard(model.manifest.weights.sha256, card)
  // What it was computed in may have been found too far.
  if ((await find(state, modelId)).manifest.precision !== model.manifest.precision) await forgetSessions(state, model.manifest.weights.sha256)
  return card
}

function picturesOf({ libraries }: EngineState, libraryId: string): { readonly folder: string; readonly pictures: readonly PictureReader[] } {
  const images = libraries.images(libraryId)
  const pictures = images.filter(presence(images)).map(({ id }): PictureReader => async () => (await libraries.readBytes(id)).bytes)
  return { folder: basename(libraries.root(libraryId)), pictures }
}

/** @throws EngineError NOT_FOUND, MODEL_UNSUPPORTED, BAD_REQUEST for what was not measured or is not near enough, DISK */
export async function choosePrecision(state: EngineState, modelId: string, precision: Precision): Promise<PrecisionState> {
  const { manifest } = await find(state, modelId)
  await state.precisions.choose(manifest.weights.sha256, precision, (await state.runtime).provider)
  await forgetSessions(state, manifest.weights.sha256)
  return precisionState(state, modelId)
}

/** Frees what was loaded of some weights, under whatever id, and forgets what was seen with it. */
async function forgetSessions({ models, backbones }: EngineState, sha256: string): Promise<void> {
  const [infos, folders] = [await models.list(), await models.folders()]
  for (const [index, { id }] of infos.entries()) if (folders[index]?.manifest.weights.sha256 === sha256) await backbones.evict(id)
}
