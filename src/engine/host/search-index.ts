/** @file The approximate index of a model's vectors: built by the store, measured on pictures of the folder, its figures kept. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, type JobContext, type Progress, type SearchIndexInfo, type VectorSpace } from '../contract'
import { searchVectors, type VectorSet } from '../collection'
import { saveFile } from '../files'
import type { ModelKey } from '../library'
import { createProgress } from '../progress'
import { randomStreamAt } from '../tensor'
import type { EngineState } from './engine-state'
import { modelKeyOf } from './model-key'
import { searchByIndex } from './search-by-index'
import { loadVectorSet, openProducts, vectorTableOf } from './vector-sets'

const measuredQueries = 256
const measuredNeighbours = 10
/** Of a vector found, so that one of several equal ones counts as much as another. */
const sameCosine = 1e-5
/** Shares of the progress that building is told in. */
const buildSteps = 1000

const measured = z.strictObject({
  builtAt: z.string(),
  vectors: z.number(),
  recall: z.number(),
  queries: z.number(),
  exactMs: z.number(),
  indexMs: z.number(),
})
type Measured = z.infer<typeof measured>

function figuresPath(state: EngineState, key: ModelKey, pooling: VectorSpace['pooling']): string {
  const digest = createHash('sha256').update(JSON.stringify([key.sha256, key.dim, key.preprocessing, pooling])).digest('hex')
  return join(state.options.workspace, 'search', `index-${digest.slice(0, 16)}.json`)
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** Positions of pictures to ask with, spread over the set, the same each time. */
function queryPositions(count: number): readonly number[] {
  if (count <= measuredQueries) return Array.from({ length: count }, (_, position) => position)
  const random = randomStreamAt(0, 'probe', count)
  return Array.from({ length: measuredQueries }, (_, query) => Math.floor(((query + random.uniform()) * count) / measuredQueries))
}

/** Asks for the neighbours of pictures both ways. What the index does not find at all counts as missed. */
async function measure(state: EngineState, set: VectorSet, space: VectorSpace & { readonly libraryId: string }, signal: AbortSignal, onQuery: () => void): Promise<Omit<Measured, 'builtAt' | 'vectors'>> {
  const [products, table] = [await openProducts(state), await vectorTableOf(state, space.modelId)]
  const rowsOf = state.hashRows.of(state.libraries.images(space.libraryId))
  const positions = queryPositions(set.rows.length)
  const [exactMs, indexMs]: [number[], number[]] = [[], []]
  let [right, all] = [0, 0]
  for (const position of positions) {
    signal.throwIfAborted()
    const query = set.matrix.slice(position * set.dim, (position + 1) * set.dim)
    const without = new Set([set.rows[position]!])
    const started = performance.now()
    const exact = await searchVectors(set, query, { top: measuredNeighbours, without, products, signal })
    const between = performance.now()
    const found = await searchByIndex(table, query, { pooling: space.pooling, top: exact.rows.length, without, rowsOf })
    exactMs.push(between - started)
    indexMs.push(performance.now() - between)
    const worst = exact.cosines.at(-1) ?? 1
    right += found?.cosines.filter((cosine) => cosine >= worst - sameCosine).length ?? 0
    all += exact.rows.length
    onQuery()
  }
  return { recall: all === 0 ? 1 : right / all, queries: positions.length, exactMs: median(exactMs), indexMs: median(indexMs) }
}

/**
 * Builds the index of a pooling over everything that is stored of the model, and measures what it finds of the exact 10
 * nearest, over up to 256 pictures of the folder.
 * @throws EngineError NOT_FOUND for a folder without vectors, what the store throws; the signal's reason
 */
export async function buildSearchIndex(state: EngineState, request: VectorSpace & { readonly libraryId: string }, { signal, emit }: JobContext<Progress>): Promise<SearchIndexInfo> {
  const { modelId, pooling } = request
  const table = await vectorTableOf(state, modelId)
  const set = await loadVectorSet(state, { ...request, rows: undefined })
  const progress = createProgress('Building the index', buildSteps + queryPositions(set.rows.length).length, emit)
  let told = 0
  const advanceTo = (step: number): void => {
    if (step > told) progress.advance(step - told)
    told = Math.max(told, step)
  }
  await table.buildIndex(pooling, { signal, onProgress: (share) => { advanceTo(Math.floor(share * buildSteps)) } })
  advanceTo(buildSteps)
  const built = await table.indexed(pooling)
  if (built === undefined) throw new EngineError('INTERNAL', 'the index was built and is not there')
  const figures: Measured = { builtAt: built.builtAt, vectors: built.vectors, ...(await measure(state, set, request, signal, () => { progress.advance(1) })) }
  await saveFile(figuresPath(state, modelKeyOf((await state.models.find(modelId)).manifest), pooling), JSON.stringify(figures))
  progress.finish()
  return { modelId, pooling, ...figures }
}

/** What is known of an index that is there; undefined without one, or without figures of the one that is there. */
export async function searchIndexInfo(state: EngineState, { modelId, pooling }: VectorSpace): Promise<SearchIndexInfo | undefined> {
  const built = await (await vectorTableOf(state, modelId)).indexed(pooling)
  if (built === undefined) return undefined
  const path = figuresPath(state, modelKeyOf((await state.models.find(modelId)).manifest), pooling)
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const figures = measured.safeParse(parsed(text))
  return figures.success && figures.data.builtAt === built.builtAt ? { modelId, pooling, ...figures.data } : undefined
}

/** Figures that were damaged are measured anew with the next index; they are worth no error. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
