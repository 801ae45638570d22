/** @file Makes the map that is asked for, or finds it among those that were made. */
import { EngineError, type JobContext, type MapData, type MapInfo, type MapRequest, type Progress } from '../contract'
import { measureMap, projectPca, projectUmap, type VectorSet } from '../collection'
import { createProgress } from '../progress'
import type { EngineState } from './engine-state'
import { loadPatchPoints } from './map-patches'
import { decisiveSettings, mapIdOf, packContents, placeMap, presentContents, type MapSettings } from './map-places'
import type { StoredMap } from './maps'
import { modelKeyOf } from './model-key'
import { presentRows } from './row-hashes'
import { loadVectorSet, openProducts, vectorTableOf } from './vector-sets'

/** Points of patches at most: what a graphics card navigates, and what a layout gets done in a minute or two. */
const patchBudgets = { pca: 1_000_000, umap: 50_000 } as const

/** What is mapped. */
interface Subject extends Pick<StoredMap, 'contents' | 'members'> {
  readonly set: VectorSet
  readonly of: number
}

async function imageSubject(state: EngineState, request: MapRequest & { readonly rows: Uint32Array }): Promise<Subject> {
  const images = state.libraries.images(request.libraryId)
  const before = new Map(Array.from(request.rows, (row) => [row, images[row]?.hash]))
  const set = await loadVectorSet(state, request)
  // A file that changed meanwhile is not what the vector is of: its point is nobody's.
  const hashes = Array.from(set.rows, (row) => (images[row]?.hash === before.get(row) ? before.get(row) : undefined) ?? '')
  return { set, contents: packContents(hashes), members: undefined, of: set.rows.length }
}

async function patchSubject(state: EngineState, { modelId, method, seed }: MapSettings, hashes: readonly string[], { signal, emit }: JobContext<Progress>): Promise<Subject> {
  const { manifest } = await state.models.find(modelId)
  const table = await (await state.store).patches(modelKeyOf(manifest))
  const basis = await table.basis()
  if (basis === undefined || hashes.length === 0)
    throw new EngineError('NOT_FOUND', `none of these pictures has patch tokens of ${manifest.name} yet; embed them with patches first`, { detail: { modelId } })
  const progress = createProgress('Reading patches', hashes.length, emit)
  let read = 0
  const points = await loadPatchPoints(table, basis, hashes, {
    budget: patchBudgets[method],
    seed,
    signal,
    onRead: (pictures) => {
      progress.advance(pictures - read)
      read = pictures
    },
  })
  return { set: points.set, contents: packContents(points.hashes), members: points.members, of: points.of }
}

async function compute(state: EngineState, mapId: string, settings: MapSettings, { set, of, ...subject }: Subject, { signal, emit }: JobContext<Progress>): Promise<StoredMap> {
  const options = { products: await openProducts(state), signal, emit }
  const { method, dims, neighbours, seed } = settings
  const { coordinates, explained } = method === 'pca' ? await projectPca(set, dims, options) : { coordinates: await projectUmap(set, settings, options), explained: undefined }
  const quality = await measureMap(set, coordinates, dims, { ...options, neighbours, seed })
  const info: MapInfo = { mapId, ...settings, points: set.rows.length, computedAt: new Date().toISOString(), quality, explained, of }
  return { ...subject, info, coordinates }
}

/**
 * Maps pictures, or patches of theirs, that have vectors; computed once for the same pictures, settings and weights.
 * @throws EngineError NOT_FOUND when none of them has vectors, or the folder or model is not there; DISK; the signal's reason
 */
export async function projectMap(state: EngineState, request: MapRequest, context: JobContext<Progress>): Promise<MapData> {
  const { libraryId, modelId, subject } = request
  const settings = decisiveSettings(request)
  const key = modelKeyOf((await state.models.find(modelId)).manifest)
  const table = subject === 'patches' ? await (await state.store).patches(key) : await vectorTableOf(state, modelId)
  const stored = await table.hashes()
  const rows = presentRows(state.libraries, libraryId, request.rows)
  const { hashes: all, rowsOf } = presentContents(state.libraries.images(libraryId), rows, stored)
  const hashes = subject === 'patches' ? [...rowsOf.keys()] : all
  const mapId = mapIdOf(settings, key, hashes)
  const known = await state.maps.find(mapId)
  // The same weights may be known under another name now.
  if (known !== undefined) return placeMap(known, { ...known.info, modelId }, rowsOf)
  const map = await compute(state, mapId, settings, subject === 'patches' ? await patchSubject(state, settings, hashes, context) : await imageSubject(state, { ...request, rows }), context)
  context.signal.throwIfAborted()
  await state.maps.save(map)
  return placeMap(map, map.info, rowsOf)
}
