/** @file How well a linear classifier on frozen features tells classes apart, with its ridge chosen away from the test. */
import { EngineError } from '../../contract'
import type { Runtime } from '../../runtime'
import type { ClassScore, LabelledFeatures } from '../knn'
import { normaliseRows } from '../knn'
import type { RowProducts } from '../row-products'
import { openFitter, type ClassifierRows, type Fitter } from './fit-classifier'
import { stratifiedParts } from './stratified'

export interface LinearOptions {
  readonly dim: number
  /** Names of the classes that labels point into. */
  readonly classes: readonly string[]
  readonly runtime: Runtime
  readonly products: RowProducts
  readonly signal?: AbortSignal
  /** Told after each fit: fits that are done, and how many there may be. */
  onFitted?(done: number, atMost: number): void
}

/** What one strength of the ridge gave on the rows that were kept apart. */
export interface ComparedC {
  readonly C: number
  /** 0..1 */
  readonly accuracy: number
  /** Mean cross-entropy, nats. */
  readonly loss: number
}

export interface LinearResult {
  /** Rows that were learned from; those that are also queries are left out. */
  readonly references: number
  readonly queries: number
  readonly overlap: number
  /** Queries whose class no reference has, and which therefore cannot be right. */
  readonly withoutReference: number
  /** The chosen inverse strength of the ridge. */
  readonly C: number
  /** All that were compared, the strongest ridge first; none where no class has two references. */
  readonly compared: readonly ComparedC[]
  /** Of the final fit. */
  readonly iterations: number
  readonly correct: number
  /** 0..1, of all queries. */
  readonly accuracy: number
  /** Likewise: the class is among the five most likely; undefined where there are no more than five. */
  readonly top5: number | undefined
  readonly perClass: readonly ClassScore[]
  /** uint32 `[classes, classes]`: row the true class, column the predicted one. */
  readonly confusion: Uint32Array
}

/** The powers of ten among DINOv2's 45 values. Source: dinov2/eval/log_regression.py, C_POWER_RANGE = linspace(−6, 5, 45). */
const strengths = [-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5].map((power) => 10 ** power)
/** Where nothing can be kept apart to compare them. */
const plainC = 1
/** A weaker ridge that is worse so many times in a row is not followed by still weaker ones. */
const patience = 2
/** One in five is kept apart. */
const parts = 5
const scoreBlock = 8192

function take({ features, labels }: ClassifierRows, dim: number, rows: Int32Array): ClassifierRows {
  const taken = new Float32Array(rows.length * dim)
  rows.forEach((row, at) => { taken.set(features.subarray(row * dim, (row + 1) * dim), at * dim) })
  return { features: taken, labels: rows.map((row) => labels[row]!) }
}

/** At length 1, as the references evaluate, and the mean of the references taken off: with free biases that moves no optimum, it is only reached sooner. */
function centred(references: ClassifierRows, queries: ClassifierRows, dim: number): readonly [ClassifierRows, ClassifierRows] {
  const [left, right] = [normaliseRows(references.features, dim), normaliseRows(queries.features, dim)]
  const mean = new Float64Array(dim)
  for (let index = 0; index < left.length; index++) mean[index % dim]! += left[index]!
  for (let column = 0; column < dim; column++) mean[column]! /= references.labels.length
  for (const features of [left, right]) for (let index = 0; index < features.length; index++) features[index]! -= mean[index % dim]!
  return [{ features: left, labels: references.labels }, { features: right, labels: queries.labels }]
}

interface Scored {
  /** Most likely class of each row; of equal ones the first. */
  readonly predicted: Int32Array
  /** How many classes are more likely than the true one, or as likely and before it. */
  readonly before: Int32Array
  readonly loss: number
}

/** Classes that nothing was learned of are no answer. */
async function score(rows: ClassifierRows, weights: Float64Array, known: ReadonlySet<number>, { dim, classes, products, signal }: LinearOptions): Promise<Scored> {
  const count = classes.length
  const weight = new Float32Array(count * dim)
  for (let label = 0; label < count; label++) weight.set(weights.subarray(label * (dim + 1), label * (dim + 1) + dim), label * dim)
  const biases = Float64Array.from({ length: count }, (_, label) => (known.has(label) ? weights[label * (dim + 1) + dim]! : -Infinity))
  const [predicted, before] = [new Int32Array(rows.labels.length), new Int32Array(rows.labels.length)]
  let loss = 0
  for (let first = 0; first < rows.labels.length; first += scoreBlock) {
    await new Promise(setImmediate)
    signal?.throwIfAborted()
    const some = rows.labels.subarray(first, first + scoreBlock)
    const found = await products(rows.features.subarray(first * dim, (first + some.length) * dim), weight, dim)
    some.forEach((label, row) => {
      const scores = biases.map((bias, other) => bias + found[row * count + other]!)
      const own = scores[label]!
      const largest = Math.max(...scores)
      predicted[first + row] = scores.indexOf(largest)
      before[first + row] = own === -Infinity ? count : scores.reduce((sum, value, other) => sum + Number(value > own || (value === own && other < label)), 0)
      loss += largest + Math.log(scores.reduce((sum, value) => sum + Math.exp(value - largest), 0)) - own
    })
  }
  return { predicted, before, loss: loss / rows.labels.length }
}

const share = (before: Int32Array, places: number): number => before.reduce((sum, rank) => sum + Number(rank < places), 0) / before.length

/** From the strongest ridge to the weakest, each fit beginning where the last ended, by a fifth that is kept apart. */
async function compareStrengths(fitter: Fitter, training: ClassifierRows, options: LinearOptions): Promise<readonly ComparedC[]> {
  const { dim, classes, signal, onFitted } = options
  const { rest, apart } = stratifiedParts(training.labels, classes.length, parts)
  if (apart.length === 0) return []
  const [learned, held] = [take(training, dim, rest), take(training, dim, apart)]
  const known = new Set(learned.labels)
  const compared: ComparedC[] = []
  let weights: Float64Array | undefined
  let [best, worse] = [-1, 0]
  for (const C of strengths) {
    ;({ weights } = await fitter.fit(learned, C, signal, weights))
    const { before, loss } = await score(held, weights, known, options)
    const accuracy = share(before, 1)
    compared.push({ C, accuracy, loss })
    onFitted?.(compared.length, strengths.length + 1)
    worse = accuracy < best ? worse + 1 : 0
    best = Math.max(best, accuracy)
    if (worse >= patience) break
  }
  return compared
}

/** The most right, and of those the surest. */
function chosenC(compared: readonly ComparedC[]): number {
  return [...compared].sort((a, b) => b.accuracy - a.accuracy || a.loss - b.loss)[0]?.C ?? plainC
}

/**
 * Fits a linear classifier to `references` and scores it on `queries`: features at length 1, multinomial logistic regression by
 * L-BFGS, its strength C chosen on every fifth reference of each class and never on a query; then fitted to all references.
 * Source: the logistic regression of dinov2/eval/log_regression.py, with 12 of its 45 values of C.
 * @throws EngineError BAD_REQUEST where a side has no rows or the references are of fewer than two classes, RUNTIME; the signal's reason
 */
export async function linearEvaluation(references: LabelledFeatures, queries: LabelledFeatures, options: LinearOptions): Promise<LinearResult> {
  const { dim, classes, runtime, signal, onFitted } = options
  if (queries.labels.length === 0) throw new EngineError('BAD_REQUEST', 'linear probe: there are no pictures to test')
  const asked = new Set(queries.ids)
  const own = Int32Array.from(references.labels.keys()).filter((row) => !asked.has(references.ids?.[row] ?? ''))
  const overlap = references.labels.length - own.length
  if (own.length === 0) throw new EngineError('BAD_REQUEST', overlap > 0 ? `linear probe: all ${overlap} pictures to learn from are also tested; learn from others` : 'linear probe: there are no pictures to learn from')
  const [training, tested] = centred(overlap === 0 ? references : take(references, dim, own), queries, dim)
  const known = new Set(training.labels)
  if (known.size < 2) throw new EngineError('BAD_REQUEST', `linear probe: all pictures to learn from are of one class${classes[training.labels[0]!] === undefined ? '' : `, ${classes[training.labels[0]!]!}`}; two are needed`)
  const fitter = await openFitter(runtime, dim, classes.length)
  try {
    const compared = await compareStrengths(fitter, training, options)
    const C = chosenC(compared)
    const { weights, iterations } = await fitter.fit(training, C, signal)
    onFitted?.(strengths.length + 1, strengths.length + 1)
    const { predicted, before } = await score(tested, weights, known, options)
    const confusion = new Uint32Array(classes.length ** 2)
    const asks = new Uint32Array(classes.length)
    tested.labels.forEach((label, row) => {
      asks[label]!++
      confusion[label * classes.length + predicted[row]!]!++
    })
    const perClass = classes.map((name, label) => ({ name, queries: asks[label]!, correct: confusion[label * classes.length + label]! }))
    const correct = perClass.reduce((sum, one) => sum + one.correct, 0)
    return {
      references: own.length,
      queries: tested.labels.length,
      overlap,
      withoutReference: tested.labels.reduce((sum, label) => sum + Number(!known.has(label)), 0),
      C,
      compared,
      iterations,
      correct,
      accuracy: correct / tested.labels.length,
      top5: classes.length > 5 ? share(before, 5) : undefined,
      perClass,
      confusion,
    }
  } finally {
    await fitter.release()
  }
}
