/** @file Weighted k-nearest-neighbour classification: how well features tell classes apart without training anything on them. */
import { EngineError } from '../contract'
import { emptyNearest, takeNearest, type NearestLists } from './nearest'
import type { RowProducts } from './row-products'

/** Features whose classes are known. */
export interface LabelledFeatures {
  /** float32 `[rows, dim]`, of any length; they are normalised here. */
  readonly features: Float32Array
  /** Index of each row's class, `[rows]`. */
  readonly labels: Int32Array
  /** What each row was made of, such as a path. A query never has itself as a neighbour. */
  readonly ids?: readonly string[]
}

export interface KnnOptions {
  readonly dim: number
  /** Names of the classes that labels point into. */
  readonly classes: readonly string[]
  /** Numbers of neighbours to score, such as 10, 20, 100, 200. */
  readonly ks: readonly number[]
  readonly products: RowProducts
  readonly signal?: AbortSignal
  /** Share of the queries' comparisons that is done, 0..1. */
  readonly onProgress?: (share: number) => void
}

export interface ClassScore {
  readonly name: string
  readonly queries: number
  readonly correct: number
}

/** What one number of neighbours gave. */
export interface KnnScore {
  readonly k: number
  readonly correct: number
  /** 0..1; of all queries, those of classes without references included. */
  readonly accuracy: number
  readonly perClass: readonly ClassScore[]
  /** uint32 `[classes, classes]`: row the true class, column the predicted one. */
  readonly confusion: Uint32Array
}

export interface KnnResult {
  readonly references: number
  readonly queries: number
  /** Queries that are also among the references, and were not compared with themselves. */
  readonly overlap: number
  /** Queries whose class no reference has, and which therefore cannot be right. */
  readonly withoutReference: number
  /** In the order of `ks`. */
  readonly scores: readonly KnnScore[]
}

/** Source: dino/eval_knn.py, `--temperature`. */
const temperature = 0.07
/** The products of one pair of blocks take 32 MiB. */
const queryBlock = 1024
const referenceBlock = 8192

/** Rows at length 1; float32 `[rows, dim]`. A row of zeros stays. Source: torch.nn.functional.normalize, eps 1e-12. */
export function normaliseRows(features: Float32Array, dim: number): Float32Array<ArrayBuffer> {
  const unit = new Float32Array(features.length)
  for (let start = 0; start < features.length; start += dim) {
    let square = 0
    for (let column = 0; column < dim; column++) square += features[start + column]! ** 2
    const scale = 1 / Math.max(1e-12, Math.sqrt(square))
    for (let column = 0; column < dim; column++) unit[start + column] = features[start + column]! * scale
  }
  return unit
}

/** The class with the most votes Σ exp(similarity / 0.07) for each of the rising `ks`; of equal ones the first, -1 without any vote. */
function vote({ count, similarities, rows }: NearestLists, query: number, labels: Int32Array, classes: number, ks: readonly number[]): number[] {
  const votes = new Float64Array(classes)
  let taken = 0
  return ks.map((k) => {
    for (; taken < Math.min(k, count); taken++) {
      const row = rows[query * count + taken]!
      if (row >= 0) votes[labels[row]!]! += Math.exp(similarities[query * count + taken]! / temperature)
    }
    let best = -1
    votes.forEach((value, label) => {
      if (value > (best === -1 ? 0 : votes[best]!)) best = label
    })
    return best
  })
}

function check(what: string, { features, labels, ids }: LabelledFeatures, { dim, classes }: KnnOptions): void {
  if (labels.length === 0) throw new EngineError('BAD_REQUEST', `knn: there are no ${what}`)
  if (features.length !== labels.length * dim) throw new EngineError('INTERNAL', `knn: ${features.length} values are not ${labels.length} ${what} of ${dim}`)
  if (ids !== undefined && ids.length !== labels.length) throw new EngineError('INTERNAL', `knn: ${ids.length} names for ${labels.length} ${what}`)
  const stray = labels.find((label) => !(label >= 0 && label < classes.length))
  if (stray !== undefined) throw new EngineError('INTERNAL', `knn: ${what} have label ${stray}; there are ${classes.length} classes`)
}

/** For each query the reference that is the same thing, or -1. */
function sameThings(references: LabelledFeatures, queries: LabelledFeatures): Int32Array {
  const rowOf = new Map(references.ids?.map((id, row) => [id, row]))
  return Int32Array.from(queries.labels, (_, query) => rowOf.get(queries.ids?.[query] ?? '') ?? -1)
}

function scoreOf(k: number, predicted: Int32Array, labels: Int32Array, classes: readonly string[]): KnnScore {
  const confusion = new Uint32Array(classes.length ** 2)
  const queries = new Uint32Array(classes.length)
  labels.forEach((label, query) => {
    queries[label]!++
    const guess = predicted[query]!
    if (guess >= 0) confusion[label * classes.length + guess]!++
  })
  const perClass = classes.map((name, label) => ({ name, queries: queries[label]!, correct: confusion[label * classes.length + label]! }))
  const correct = perClass.reduce((sum, score) => sum + score.correct, 0)
  return { k, correct, accuracy: correct / labels.length, perClass, confusion }
}

/**
 * Scores `queries` by their nearest `references`: features at length 1, cosine similarity, the k most similar vote for
 * their class with weight exp(similarity / 0.07). Where there are fewer than k references, all of them vote.
 * Source: dino/eval_knn.py:142-182. dinov2/eval/knn.py:170-184 softmaxes the same votes, which changes no winner.
 * @throws EngineError BAD_REQUEST for a k that is no positive whole number or a side without rows; the signal's reason
 */
export async function knn(references: LabelledFeatures, queries: LabelledFeatures, options: KnnOptions): Promise<KnnResult> {
  const { dim, classes, ks, products, signal, onProgress } = options
  check('references', references, options)
  check('queries', queries, options)
  for (const k of ks) if (!Number.isSafeInteger(k) || k < 1) throw new EngineError('BAD_REQUEST', `knn: k is ${k}; a whole number of at least 1 is needed`)
  const rising = [...new Set(ks)].sort((a, b) => a - b)
  const [referenceCount, queryCount] = [references.labels.length, queries.labels.length]
  const [left, right] = [normaliseRows(queries.features, dim), normaliseRows(references.features, dim)]
  const itself = sameThings(references, queries)
  const predicted = new Map(rising.map((k) => [k, new Int32Array(queryCount)]))

  for (let firstQuery = 0; firstQuery < queryCount; firstQuery += queryBlock) {
    const rows = Math.min(queryBlock, queryCount - firstQuery)
    const neighbours = emptyNearest(rows, Math.min(referenceCount, Math.max(1, ...rising)))
    for (let first = 0; first < referenceCount; first += referenceBlock) {
      // A cancel is only heard when the event loop turns.
      await new Promise(setImmediate)
      signal?.throwIfAborted()
      const columns = Math.min(referenceBlock, referenceCount - first)
      const block = await products(left.subarray(firstQuery * dim, (firstQuery + rows) * dim), right.subarray(first * dim, (first + columns) * dim), dim)
      for (let query = 0; query < rows; query++) takeNearest(neighbours, query, block, query * columns, columns, first, itself[firstQuery + query]!)
      onProgress?.((firstQuery + (rows * (first + columns)) / referenceCount) / queryCount)
    }
    for (let query = 0; query < rows; query++)
      vote(neighbours, query, references.labels, classes.length, rising).forEach((label, index) => {
        predicted.get(rising[index]!)![firstQuery + query] = label
      })
  }
  const known = new Set(references.labels)
  return {
    references: referenceCount,
    queries: queryCount,
    overlap: itself.reduce((sum, row) => sum + (row >= 0 ? 1 : 0), 0),
    withoutReference: queries.labels.reduce((sum, label) => sum + (known.has(label) ? 0 : 1), 0),
    scores: ks.map((k) => scoreOf(k, predicted.get(k)!, queries.labels, classes)),
  }
}
