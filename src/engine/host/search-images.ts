/** @file Search for pictures of a folder by example pictures, exactly or by the index. */
import type { SearchRequest, SearchResult } from '../contract'
import { positionOf, searchQuery, searchVectors, unitVectors } from '../collection'
import { pooledDim } from '../inference'
import type { EngineState } from './engine-state'
import { searchByIndex } from './search-by-index'
import { exampleVectors } from './search-examples'
import { loadVectorSet, openProducts, vectorTableOf } from './vector-sets'

/** Up to here every vector is compared: 100 000 of 384 numbers take some 25 ms on two cores. */
const exactUpTo = 300_000

const exampleRows = ({ examples }: SearchRequest): ReadonlySet<number> => new Set(examples.flatMap((example) => (example.kind === 'row' ? [example.row] : [])))

/** By the index; undefined where there is none, or it does not find enough. */
async function byIndex(state: EngineState, request: SearchRequest): Promise<Omit<SearchResult, 'ms'> | undefined> {
  const { libraryId, modelId, pooling, top } = request
  const table = await vectorTableOf(state, modelId)
  const images = state.libraries.images(libraryId)
  const stored = await table.hashes()
  if (request.method === 'auto' && stored.size <= exactUpTo) return undefined
  if ((await table.indexed(pooling)) === undefined) return undefined

  const rowsOf = state.hashRows.of(images)
  const without = exampleRows(request)
  const hashes = [...without].flatMap((row) => images[row]?.hash ?? [])
  const { found, matrix } = await table.read(hashes, pooling)
  const dim = pooledDim((await state.models.find(modelId)).manifest.config.dim, pooling)
  const units = unitVectors(matrix, dim, pooling)
  const vectors = new Map(Array.from(found, (at, index) => [hashes[at]!, units.subarray(index * dim, (index + 1) * dim)]))
  const { positive, negative } = await exampleVectors(state, request, (row) => vectors.get(images[row]?.hash ?? ''))

  const result = await searchByIndex(table, searchQuery(positive, negative), { pooling, top, without, rowsOf })
  if (result === undefined) return undefined
  const searched = images.reduce((sum, { hash }) => sum + Number(hash !== undefined && stored.has(hash)), 0)
  return { rows: result.rows, scores: result.cosines, method: 'index', searched, images: images.length }
}

async function exactly(state: EngineState, request: SearchRequest): Promise<Omit<SearchResult, 'ms'>> {
  const set = await loadVectorSet(state, { ...request, rows: undefined })
  const { positive, negative } = await exampleVectors(state, request, (row) => {
    const position = positionOf(set.rows, row)
    return position < 0 ? undefined : set.matrix.subarray(position * set.dim, (position + 1) * set.dim)
  })
  const { rows, cosines } = await searchVectors(set, searchQuery(positive, negative), { top: request.top, without: exampleRows(request), products: await openProducts(state) })
  return { rows, scores: cosines, method: 'exact', searched: set.rows.length, images: state.libraries.images(request.libraryId).length }
}

/**
 * The pictures most like the examples; these themselves are left out. Where the index is wanted and does not find enough,
 * or there is none, every vector is compared.
 * @throws EngineError NOT_FOUND for a folder that is not open, a model that is not there, or a folder without vectors;
 * BAD_REQUEST, IMG_… for examples that cannot be searched by
 */
export async function searchImages(state: EngineState, request: SearchRequest): Promise<SearchResult> {
  const started = performance.now()
  const found = (request.method === 'exact' ? undefined : await byIndex(state, request)) ?? (await exactly(state, request))
  return { ...found, ms: performance.now() - started }
}
