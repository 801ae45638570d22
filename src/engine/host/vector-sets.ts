/** @file Vectors of an opened folder's pictures, read from the store once and kept while they are worked with. */
import { EngineError, type Rows, type VectorSpace } from '../contract'
import { unitVectors, type VectorSet } from '../collection'
import { pooledDim, type RowProducts } from '../inference'
import type { VectorTable } from '../library'
import type { EngineState } from './engine-state'
import { modelKeyOf } from './model-key'

export interface VectorSetRequest extends VectorSpace {
  readonly libraryId: string
  readonly rows: Rows
}

/** Vectors brought to unit length before the event loop turns: some milliseconds. */
const chunk = 4096

/** Products of rows on the engine's runtime. @throws EngineError RUNTIME */
export function openProducts(state: EngineState): Promise<RowProducts> {
  return state.rowProducts()
}

/** The store's table of a model's vectors. @throws EngineError NOT_FOUND for a model that is not there */
export async function vectorTableOf(state: EngineState, modelId: string): Promise<VectorTable> {
  const [store, { manifest }] = [await state.store, await state.models.find(modelId)]
  return store.vectors(modelKeyOf(manifest))
}

async function notEmbedded({ models }: EngineState, modelId: string): Promise<EngineError> {
  const { manifest } = await models.find(modelId)
  return new EngineError('NOT_FOUND', `no picture of this folder has vectors of ${manifest.name} yet; embed it first`, { detail: { modelId } })
}

/** As `unitVectors`, in place: there may be no room for a second copy. */
export async function bringToUnit(matrix: Float32Array, dim: number, pooling: VectorSpace['pooling']): Promise<void> {
  for (let first = 0; first < matrix.length / dim; first += chunk) {
    await new Promise(setImmediate)
    const part = matrix.subarray(first * dim, (first + chunk) * dim)
    part.set(unitVectors(part, dim, pooling))
  }
}

/**
 * The vectors that pictures of a folder have of a model, at unit length; those without, broken ones above all, are left
 * out. A picture that is gone keeps its vector.
 * @throws EngineError NOT_FOUND for a folder that is not open, a model that is not there, or when none has vectors yet
 */
export async function loadVectorSet(state: EngineState, { libraryId, rows, modelId, pooling }: VectorSetRequest): Promise<VectorSet> {
  const images = state.libraries.images(libraryId)
  const { manifest } = await state.models.find(modelId)
  const dim = pooledDim(manifest.config.dim, pooling)
  const table = await vectorTableOf(state, modelId)
  const wanted = rows === undefined ? Uint32Array.from(images, (_, row) => row) : Uint32Array.from(new Set(rows)).sort()
  const hashes = Array.from(wanted, (row) => images[row]?.hash)
  const request = { pooling, table, rows: wanted, hashes, stored: (await table.hashes()).size }
  const known = state.vectorSets.find(request)
  if (known !== undefined) return known

  const asked = wanted.filter((_, index) => hashes[index] !== undefined)
  const { found, matrix } = await table.read(hashes.filter((hash) => hash !== undefined), pooling)
  if (found.length === 0) throw await notEmbedded(state, modelId)
  await bringToUnit(matrix, dim, pooling)
  const set: VectorSet = { dim, rows: found.map((position) => asked[position]!), matrix }
  state.vectorSets.keep({ ...request, set })
  return set
}
