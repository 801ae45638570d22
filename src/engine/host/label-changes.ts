/** @file Sets of labels of a folder's pictures: made, and changed by hand. */
import { randomBytes } from 'node:crypto'
import { EngineError, type LabelChange, type LabelSetInfo } from '../contract'
import type { StoredPatches } from '../library'
import type { EngineState } from './engine-state'
import { addClass, emptyLabels, labelInfo, namePatches, namePictures, noLabel, removeClass, withClass, withLabels, withoutLast, type LabelState, type PatchesOf } from './label-states'
import { modelKeyOf } from './model-key'
import { hashesAt } from './row-hashes'
import { imageOfRow, labelsAt, picturesOfSegment, placeOf } from './segment-view'

/** A segment's examples come from so many pictures. */
const segmentPictures = 8

/** Stored patches of contents, by hash. @throws EngineError NOT_FOUND */
export async function storedPatches(state: EngineState, modelId: string, hashes: ReadonlySet<string>, signal: AbortSignal): Promise<ReadonlyMap<string, StoredPatches>> {
  const { manifest } = await state.models.find(modelId)
  const table = await (await state.store).patches(modelKeyOf(manifest))
  const found = new Map<string, StoredPatches>()
  for await (const batch of table.scan(hashes, signal)) for (const one of batch) found.set(one.hash, one)
  return found
}

/** @throws EngineError NOT_FOUND for a model that is not there, DISK */
export async function createLabels(state: EngineState, libraryId: string, modelId: string, name: string): Promise<LabelSetInfo> {
  state.libraries.images(libraryId)
  await state.models.find(modelId)
  const labels = { labelSetId: randomBytes(12).toString('hex'), name, modelId, createdAt: new Date().toISOString(), state: emptyLabels, undo: [] }
  await state.labelSets.add(labels)
  return labelInfo(labels)
}

/** The patches at some rows, in the grid of what is stored of them. */
async function patchesAt(state: EngineState, libraryId: string, modelId: string, rows: Uint32Array, patches: Uint32Array): Promise<readonly PatchesOf[]> {
  const hashes = await hashesAt(state.libraries, libraryId, rows)
  const stored = await storedPatches(state, modelId, new Set(hashes), new AbortController().signal)
  return hashes.map((hash) => {
    const found = stored.get(hash)
    if (found === undefined) throw new EngineError('NOT_FOUND', 'this picture has no patch tokens of this model yet; embed it with patches first', { detail: { modelId } })
    return { hash, gridHeight: found.gridHeight, gridWidth: found.gridWidth, patches }
  })
}

/** The patches of a segment in the pictures that it fills best. */
async function segmentPatches(state: EngineState, libraryId: string, modelId: string, segmentationId: string, segment: number): Promise<readonly PatchesOf[]> {
  const segmentation = await state.segmentations.find(segmentationId)
  if (segmentation.modelId !== modelId) throw new EngineError('BAD_REQUEST', 'these segments were found with another model than these labels; find segments with the same model', { detail: { segmentationId, modelId } })
  const { rows } = await picturesOfSegment(state, libraryId, segmentationId, segment)
  const chosen = new Map(Array.from(rows, (row) => imageOfRow(state, libraryId, row)).map((image) => [image.hash!, image]))
  return [...chosen].slice(0, segmentPictures).map(([hash, image]) => {
    const { labels, gridHeight, gridWidth } = labelsAt(segmentation, placeOf(segmentation, image))
    return { hash, gridHeight, gridWidth, patches: [...labels.keys()].filter((patch) => labels[patch] === segment) }
  })
}

async function changed(state: EngineState, libraryId: string, modelId: string, current: LabelState, change: Exclude<LabelChange, { readonly kind: 'undo' }>): Promise<LabelState> {
  switch (change.kind) {
    case 'addClass':
      return addClass(current, change.name, change.colour)
    case 'renameClass':
      return withClass(current, change.label, { name: change.name })
    case 'recolourClass':
      return withClass(current, change.label, { colour: change.colour })
    case 'removeClass':
      return removeClass(current, change.label)
    case 'nameSegment':
      return namePatches(current, await segmentPatches(state, libraryId, modelId, change.segmentationId, change.segment), change.label)
    case 'name':
    case 'forget': {
      const label = change.kind === 'name' ? change.label : noLabel
      if (change.patches === undefined) return namePictures(current, await hashesAt(state.libraries, libraryId, change.rows), label)
      return namePatches(current, await patchesAt(state, libraryId, modelId, change.rows, change.patches), label)
    }
  }
}

/**
 * Changes a set by hand, or takes the last change back.
 * @throws EngineError NOT_FOUND for a set, class or picture that is not there, or a picture without patch tokens; ALREADY_EXISTS; BAD_REQUEST; DISK
 */
export async function changeLabels(state: EngineState, libraryId: string, labelSetId: string, change: LabelChange): Promise<LabelSetInfo> {
  return labelInfo(
    await state.labelSets.change(labelSetId, async (labels) => (change.kind === 'undo' ? withoutLast(labels) : withLabels(labels, await changed(state, libraryId, labels.modelId, labels.state, change)))),
  )
}
