/** @file How early pictures of the same class come when all others are ranked by similarity to one. */
import { EngineError } from '../../contract'
import { normaliseRows, type LabelledFeatures } from '../knn'
import type { RowProducts } from '../row-products'
import { shareError } from './share-error'

export interface RetrievalOptions {
  readonly dim: number
  /** Names of the classes that labels point into. */
  readonly classes: readonly string[]
  readonly products: RowProducts
  readonly signal?: AbortSignal
  /** Told how many queries are done. */
  onQueries?(done: number): void
}

/** Of one query, all 0..1. */
interface QueryScore {
  readonly precision: number
  readonly trapezoid: number
  readonly precisionAtR: number
  /** Place of the first relevant reference, from 0. */
  readonly first: number
}

export interface ClassPrecision {
  readonly name: string
  /** With at least one relevant reference. */
  readonly queries: number
  /** Mean average precision of its queries, 0..1; NaN without any. */
  readonly precision: number
}

export interface RetrievalResult {
  readonly references: number
  /** With at least one relevant reference; the others are not scored. */
  readonly queries: number
  readonly withoutRelevant: number
  /** Queries that are also among the references, and were not compared with themselves. */
  readonly overlap: number
  /** Mean average precision, 0..1: the headline. */
  readonly precision: number
  /** Its standard error over queries. */
  readonly precisionError: number
  /** The same by trapezoids, as the revisited Oxford and Paris benchmark sums it. */
  readonly trapezoid: number
  /** Mean average precision over the first R, R the number of relevant ones. */
  readonly precisionAtR: number
  /** Share of queries with a relevant reference among the first `k`. */
  readonly recall: readonly { readonly k: number; readonly share: number }[]
  readonly perClass: readonly ClassPrecision[]
}

const recallPlaces = [1, 5, 10] as const
/** Products of a block of queries with all references: 8 MiB. */
const blockNumbers = 2 ** 21

/**
 * Scores of one ranking.
 * Average precision: mean over the relevant of (relevant up to it) / (all up to it). Trapezoid: at each relevant, the mean of the
 * precision just before it and with it, the first place before any counting as 1. Source: dino/utils.py:708-740, compute_ap.
 * At R: Musgrave et al. (arXiv 2003.08505) eq. 3.
 * @param places of the relevant references from 0, rising
 */
export function scoreRanking(places: ArrayLike<number>): QueryScore {
  const relevant = places.length
  let [precision, trapezoid, precisionAtR] = [0, 0, 0]
  for (let index = 0; index < relevant; index++) {
    const place = places[index]!
    const here = (index + 1) / (place + 1)
    precision += here / relevant
    trapezoid += ((place === 0 ? 1 : index / place) + here) / 2 / relevant
    if (place < relevant) precisionAtR += here / relevant
  }
  return { precision, trapezoid, precisionAtR, first: places[0]! }
}

/**
 * Places of the relevant references in the ranking by falling similarity, of equal ones by rising row; without a sort of all.
 * @param similarities of the query with all references, `[references]`
 * @param relevant their rows
 * @param itself the row that is the query, or −1
 */
export function placesOf(similarities: Float32Array, relevant: Int32Array, itself: number): Uint32Array {
  const ranked = Int32Array.from(relevant).sort((a, b) => similarities[b]! - similarities[a]! || a - b)
  const values = Float32Array.from(ranked, (row) => similarities[row]!)
  const count = ranked.length
  /** How many references come before the relevant one of this place, and not before the one ahead of it. */
  const ahead = new Uint32Array(count + 1)
  const least = values[count - 1]!
  for (let row = 0; row < similarities.length; row++) {
    const value = similarities[row]!
    if (!(value >= least) || row === itself) continue
    let [low, high] = [0, count]
    while (low < high) {
      const middle = (low + high) >> 1
      const other = values[middle]!
      if (other > value || (other === value && ranked[middle]! <= row)) low = middle + 1
      else high = middle
    }
    ahead[low]!++
  }
  const places = new Uint32Array(count)
  let before = 0
  for (let index = 0; index < count; index++) places[index] = before += ahead[index]!
  return places
}

function rowsOfClasses(labels: Int32Array, classes: number): readonly Int32Array[] {
  const rows = Array.from({ length: classes }, (): number[] => [])
  labels.forEach((label, row) => rows[label]!.push(row))
  return rows.map((some) => Int32Array.from(some))
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
const mean = (values: readonly number[]): number => sumOf(values) / values.length

/**
 * Ranks all `references` for each of `queries` by the cosine of their features; those of the same class are relevant. A query is no
 * reference to itself, and one without any relevant reference is not scored.
 * @throws EngineError BAD_REQUEST where a side has no rows, or no query has a relevant reference; RUNTIME; the signal's reason
 */
export async function retrieval(references: LabelledFeatures, queries: LabelledFeatures, { dim, classes, products, signal, onQueries }: RetrievalOptions): Promise<RetrievalResult> {
  const [referenceCount, queryCount] = [references.labels.length, queries.labels.length]
  if (referenceCount === 0 || queryCount === 0) throw new EngineError('BAD_REQUEST', `retrieval: there are no ${referenceCount === 0 ? 'references' : 'queries'}`)
  const [left, right] = [normaliseRows(queries.features, dim), normaliseRows(references.features, dim)]
  const ofClass = rowsOfClasses(references.labels, classes.length)
  const rowOf = new Map(references.ids?.map((id, row) => [id, row]))
  const block = Math.max(1, Math.floor(blockNumbers / referenceCount))
  const scored: { readonly label: number; readonly score: QueryScore }[] = []
  let overlap = 0
  for (let first = 0; first < queryCount; first += block) {
    await new Promise(setImmediate)
    signal?.throwIfAborted()
    const some = queries.labels.subarray(first, first + block)
    const found = await products(left.subarray(first * dim, (first + some.length) * dim), right, dim)
    some.forEach((label, query) => {
      const itself = rowOf.get(queries.ids?.[first + query] ?? '') ?? -1
      if (itself >= 0) overlap++
      const relevant = ofClass[label]!.filter((row) => row !== itself)
      if (relevant.length === 0) return
      scored.push({ label, score: scoreRanking(placesOf(found.subarray(query * referenceCount, (query + 1) * referenceCount), relevant, itself)) })
    })
    onQueries?.(first + some.length)
  }
  if (scored.length === 0) throw new EngineError('BAD_REQUEST', 'retrieval: no picture has another of its class; two of at least one class are needed')
  const precisions = scored.map(({ score }) => score.precision)
  const byClass = classes.map((): number[] => [])
  for (const { label, score } of scored) byClass[label]!.push(score.precision)
  return {
    references: referenceCount,
    queries: scored.length,
    withoutRelevant: queryCount - scored.length,
    overlap,
    precision: mean(precisions),
    precisionError: shareError(sumOf(precisions), sumOf(precisions.map((value) => value ** 2)), precisions.length),
    trapezoid: mean(scored.map(({ score }) => score.trapezoid)),
    precisionAtR: mean(scored.map(({ score }) => score.precisionAtR)),
    recall: recallPlaces.map((k) => ({ k, share: mean(scored.map(({ score }) => Number(score.first < k))) })),
    perClass: classes.map((name, label) => ({ name, queries: byClass[label]!.length, precision: mean(byClass[label]!) })),
  }
}
