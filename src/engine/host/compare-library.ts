/** @file What the pictures of a folder are to each other: duplicates, outliers, and a curation of them. */
import { isEngineError, type CurateRequest, type CurationPlan, type DuplicatePairs, type DuplicateRequest, type JobContext, type OutlierRequest, type Outliers, type Progress } from '../contract'
import { findDuplicates, looksOf, nearestNeighbours, planCuration, uniquenessOf, type VectorSet } from '../collection'
import type { EngineState } from './engine-state'
import { presentRows } from './row-hashes'
import { createShareProgress } from './share-progress'
import { loadVectorSet, openProducts, type VectorSetRequest } from './vector-sets'

/** The vectors there are, or undefined where no picture has one: bytes and looks can be compared all the same. */
async function vectorsIfAny(state: EngineState, request: VectorSetRequest): Promise<VectorSet | undefined> {
  try {
    return await loadVectorSet(state, request)
  } catch (error) {
    // Whether it is the model that is not there; this throws then.
    if (!isEngineError(error, 'NOT_FOUND')) throw error
    await state.models.find(request.modelId)
    return undefined
  }
}

/** @throws EngineError NOT_FOUND for a folder or model that is not there; the signal's reason */
export async function duplicatesOf(state: EngineState, request: DuplicateRequest, { signal, emit }: JobContext<Progress>): Promise<DuplicatePairs> {
  const images = state.libraries.images(request.libraryId)
  const rows = presentRows(state.libraries, request.libraryId, request.rows)
  const set = await vectorsIfAny(state, { ...request, rows })
  const pictures = Array.from(rows, (row) => images[row]!)
  const compared = { rows, hashes: pictures.map(({ hash }) => hash), looks: looksOf(pictures.map(({ look }) => look)) }
  const progress = createShareProgress('Comparing pictures', compared.rows.length, emit)
  const withVectors = set?.rows.length ?? 1
  const pairs = await findDuplicates(compared, set, { products: await openProducts(state), signal, floor: request.floor, onProgress: (done) => progress.reach(done / withVectors) })
  progress.finish()
  return pairs
}

/** @throws EngineError NOT_FOUND when none of the pictures has vectors, or the folder or model is not there; the signal's reason */
export async function outliersOf(state: EngineState, request: OutlierRequest, { signal, emit }: JobContext<Progress>): Promise<Outliers> {
  const images = state.libraries.images(request.libraryId)
  const set = await loadVectorSet(state, { ...request, rows: presentRows(state.libraries, request.libraryId, request.rows) })
  const pictures = set.rows.length
  const progress = createShareProgress('Comparing pictures', pictures, emit)
  const neighbours = await nearestNeighbours(set, request.neighbours, { products: await openProducts(state), signal, onProgress: (done) => progress.reach(done / pictures) })
  const uniqueness = new Float32Array(images.length).fill(NaN)
  uniquenessOf(neighbours).forEach((value, position) => {
    uniqueness[set.rows[position]!] = value
  })
  progress.finish()
  return { uniqueness }
}

/** Nothing is changed: the plan is made into a selection by whoever asked. @throws EngineError as {@link outliersOf} */
export async function curationOf(state: EngineState, request: CurateRequest, { signal, emit }: JobContext<Progress>): Promise<CurationPlan> {
  const { duplicateSimilarity, clusters, target, seed } = request
  const images = state.libraries.images(request.libraryId)
  const set = await loadVectorSet(state, { ...request, rows: presentRows(state.libraries, request.libraryId, request.rows) })
  const progress = createShareProgress('Curating pictures', set.rows.length, emit)
  const worth = Float64Array.from(set.rows, (row) => worthOf(images[row]!))
  const plan = await planCuration(set, { products: await openProducts(state), signal, duplicateSimilarity, clusters, target, seed, worth, onProgress: progress.reach })
  progress.finish()
  return plan
}

/** Of duplicates the one with the most pixels is kept, then the one with the most bytes. */
export function worthOf({ width, height, sizeBytes }: { readonly width: number; readonly height: number; readonly sizeBytes: number }): number {
  return width * height + sizeBytes / 2 ** 40
}
