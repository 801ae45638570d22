/** @file Colours that mean the same in every picture of a folder: fitted on stored patch tokens, worn by pictures and by maps of patches. */
import { EngineError, type ColourBasisInfo, type ColourBasisRequest, type JobContext, type PatchColours, type Progress } from '../contract'
import { patchVectorDim, patchVectors } from '../collection'
import { colourTokens, colourVectors, fitColours } from '../dense'
import { patchTokens, type BackboneDescription } from '../inference'
import { createProgress } from '../progress'
import type { StoredColours } from './colour-bases'
import type { EngineState } from './engine-state'
import { loadPatchPoints } from './map-patches'
import { placeMap, presentContents } from './map-places'
import { modelKeyOf } from './model-key'
import { presentRows } from './row-hashes'
import { openProducts } from './vector-sets'

/** Patches that a basis is fitted on, from all pictures alike; more of them move its axes hardly. */
const fittedPatches = 50_000
const seed = 1

export function colourInfo({ info, colours }: StoredColours): ColourBasisInfo {
  return { ...info, explained: colours.explained }
}

async function patchTableOf({ store }: EngineState, manifest: BackboneDescription) {
  const table = await (await store).patches(modelKeyOf(manifest))
  return { table, basis: await table.basis() }
}

/**
 * Fits colours on the patch tokens of some pictures and keeps them under a name.
 * @throws EngineError NOT_FOUND when none of the pictures has patch tokens, ALREADY_EXISTS, DISK; the signal's reason
 */
export async function createColours(state: EngineState, { libraryId, rows, modelId, name }: ColourBasisRequest, { signal, emit }: JobContext<Progress>): Promise<ColourBasisInfo> {
  const { manifest } = await state.models.find(modelId)
  const { table, basis } = await patchTableOf(state, manifest)
  const images = state.libraries.images(libraryId)
  const hashes = [...presentContents(images, presentRows(state.libraries, libraryId, rows), await table.hashes()).rowsOf.keys()]
  if (basis === undefined || hashes.length === 0)
    throw new EngineError('NOT_FOUND', `none of these pictures has patch tokens of ${manifest.name} yet; embed them with patches first`, { detail: { modelId } })
  const progress = createProgress('Reading patches', hashes.length, emit)
  let read = 0
  const points = await loadPatchPoints(table, basis, hashes, {
    budget: fittedPatches,
    seed,
    signal,
    onRead: (pictures) => {
      progress.advance(pictures - read)
      read = pictures
    },
  })
  const colours = await fitColours(basis, points.set, { products: await openProducts(state), signal, emit })
  signal.throwIfAborted()
  const info = { name, modelId, createdAt: new Date().toISOString(), pictures: hashes.length, patches: points.set.rows.length }
  return colourInfo(await state.colours.add({ info, key: modelKeyOf(manifest), colours }))
}

/** @throws EngineError BAD_REQUEST for colours of another model's tokens */
function requireSameModel({ info, key }: StoredColours, manifest: BackboneDescription): void {
  if (key.sha256 !== manifest.weights.sha256)
    throw new EngineError('BAD_REQUEST', `the colours ${JSON.stringify(info.name)} were made of another model's tokens than those of ${manifest.name}; make colours with this model`, {
      detail: { basisId: info.basisId },
    })
}

/** Colours of a picture that was looked at. @throws EngineError NOT_FOUND, BAD_REQUEST for another model's colours, RUNTIME */
export async function colourAnalysis(state: EngineState, analysisId: string, basisId: string): Promise<PatchColours> {
  const { state: analysis } = state.analyses.get(analysisId)
  const basis = await state.colours.find(basisId)
  requireSameModel(basis, analysis.backbone.manifest)
  return { rgb: await colourTokens(basis.colours, patchTokens(analysis), await openProducts(state)) }
}

const unknown = 128

/**
 * Colours of the points of a map of patches; grey where a picture's tokens are not in the store any more.
 * @throws EngineError NOT_FOUND, BAD_REQUEST for a map of pictures or another model's colours, RUNTIME
 */
export async function colourMapPoints(state: EngineState, libraryId: string, mapId: string, basisId: string): Promise<PatchColours> {
  const { libraries, maps, models, colours } = state
  const images = libraries.images(libraryId)
  const map = await maps.find(mapId)
  if (map === undefined) throw new EngineError('NOT_FOUND', 'this map is not there any more; it can be computed again', { detail: { mapId } })
  const { rows, patches } = placeMap(map, map.info, presentContents(images, presentRows(libraries, libraryId, undefined)).rowsOf)
  if (patches === undefined) throw new EngineError('BAD_REQUEST', 'this is a map of pictures; colours of patches need a map of patches', { detail: { mapId } })
  const { manifest } = await models.find(map.info.modelId)
  const stored = await colours.find(basisId)
  requireSameModel(stored, manifest)
  const { table, basis } = await patchTableOf(state, manifest)
  const rgb = new Uint8Array(3 * rows.length).fill(unknown)
  if (basis === undefined) return { rgb }

  const pointsOf = new Map<string, number[]>()
  rows.forEach((row, point) => {
    const hash = images[row]?.hash
    if (hash === undefined) return
    const known = pointsOf.get(hash)
    if (known === undefined) pointsOf.set(hash, [point])
    else known.push(point)
  })
  const products = await openProducts(state)
  const width = patchVectorDim(basis)
  for await (const batch of table.scan(new Set(pointsOf.keys()), new AbortController().signal))
    for (const picture of batch) {
      const points = pointsOf.get(picture.hash) ?? []
      const vectors = patchVectors(basis, [picture])
      const chosen = new Float32Array(points.length * width)
      points.forEach((point, index) => chosen.set(vectors.subarray(patches[point]! * width, (patches[point]! + 1) * width), index * width))
      const found = await colourVectors(stored.colours, basis, chosen, products)
      points.forEach((point, index) => rgb.set(found.subarray(3 * index, 3 * index + 3), 3 * point))
    }
  return { rgb }
}
