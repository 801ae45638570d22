/** @file One protocol over the features of class folders: which pictures answer for which, and what came out, as it is kept. */
import type { EvaluationClass, EvaluationCounts, EvaluationFigure, EvaluationInfo, EvaluationMethod, EvaluationProtocol, EvaluationSplit, JobContext, Progress } from '../../contract'
import { binomialError, knn, linearEvaluation, retrieval, stratifiedParts, type ClassScore, type LabelledFeatures, type RowProducts } from '../../inference'
import { createProgress } from '../../progress'
import type { Runtime } from '../../runtime'
import { createShareProgress } from '../share-progress'
import type { SideFeatures } from './class-features'
import { classNames } from './class-pictures'

/** What a protocol says of one set of features. */
export interface Scored {
  readonly method: EvaluationMethod
  readonly split: EvaluationSplit
  readonly counts: Pick<EvaluationCounts, 'references' | 'queries' | 'unanswerable' | 'overlap'>
  readonly figures: readonly EvaluationFigure[]
  readonly perClass: readonly EvaluationClass[]
  /** `[classes, classes]`: row the true class, column the predicted one; of retrieval there is none. */
  readonly confusion: Uint32Array | undefined
}

export interface ProtocolMeans {
  readonly runtime: Runtime
  readonly products: RowProducts
}

/** Source: dino/eval_knn.py reports 10, 20, 100 and 200; the best, 20, is what is quoted. */
const reported = [10, 20, 100, 200] as const
const headlines = [20, 10, 5, 1] as const
/** Without a folder of its own to test, one in five is. */
const testParts = 5

interface Sides {
  readonly references: LabelledFeatures
  readonly queries: LabelledFeatures
  readonly classes: readonly string[]
}

/** Both sides with labels that mean the same; a picture is what its bytes are. */
function labelledSides({ sides }: SideFeatures): Sides {
  const classes = classNames(sides)
  const index = new Map(classes.map((name, label) => [name, label]))
  const [references, queries = references] = sides.map(({ pictures, features }): LabelledFeatures => ({
    features,
    labels: Int32Array.from(pictures, ({ className }) => index.get(className) ?? 0),
    ids: pictures.map(({ hash }) => hash),
  }))
  return { references: references!, queries: queries!, classes }
}

function take({ features, labels, ids }: LabelledFeatures, dim: number, rows: Int32Array): LabelledFeatures {
  const taken = new Float32Array(rows.length * dim)
  rows.forEach((row, at) => { taken.set(features.subarray(row * dim, (row + 1) * dim), at * dim) })
  return { features: taken, labels: rows.map((row) => labels[row]!), ids: Array.from(rows, (row) => ids?.[row] ?? '') }
}

const accuracyFigure = (name: string, correct: number, queries: number): EvaluationFigure => ({ name, value: correct / queries, error: binomialError(correct, queries) })
const classAccuracies = (perClass: readonly ClassScore[]): readonly EvaluationClass[] => perClass.map(({ name, queries, correct }) => ({ name, queries, value: queries === 0 ? undefined : correct / queries }))

/**
 * As many neighbours as half a mean class has, 20 at the most: where a vote takes in most of all pictures, a picture that is left
 * out of its own class loses it to the others whatever the features are.
 */
function headlineNeighbours(labels: Int32Array): number {
  const half = labels.length / new Set(labels).size / 2
  return headlines.find((k) => k <= half) ?? 1
}

async function scoreKnn({ dim, sides }: SideFeatures, { references, queries, classes }: Sides, { products }: ProtocolMeans, { signal, emit }: JobContext<Progress>): Promise<Scored> {
  const progress = createShareProgress('Finding nearest pictures', queries.labels.length, emit)
  const headline = headlineNeighbours(references.labels)
  const ks = [headline, ...reported.filter((k) => k !== headline && k < references.labels.length)]
  const { scores, withoutReference, overlap, ...counts } = await knn(references, queries, { dim, classes, ks, products, signal, onProgress: progress.reach })
  progress.finish()
  const [first] = scores
  const isOne = sides.length === 1
  return {
    method: { kind: 'knn', k: headline },
    split: isOne ? 'leave-one-out' : 'folders',
    counts: { ...counts, unanswerable: withoutReference, overlap: isOne ? 0 : overlap },
    figures: scores.map(({ k, correct }, index) => accuracyFigure(index === 0 ? 'Top-1' : `Top-1, k = ${k}`, correct, counts.queries)),
    perClass: classAccuracies(first!.perClass),
    confusion: first!.confusion,
  }
}

async function scoreLinear({ dim, sides }: SideFeatures, { references, queries, classes }: Sides, { runtime, products }: ProtocolMeans, { signal, emit }: JobContext<Progress>): Promise<Scored> {
  const progress = createProgress('Fitting a linear classifier', 1, emit)
  const isOne = sides.length === 1
  const parts = isOne ? stratifiedParts(references.labels, classes.length, testParts) : undefined
  const [learned, tested] = parts === undefined ? [references, queries] : [take(references, dim, parts.rest), take(references, dim, parts.apart)]
  let known = 1
  const found = await linearEvaluation(learned, tested, {
    dim, classes, runtime, products, signal,
    onFitted: (_done, atMost) => {
      progress.grow(atMost - known)
      known = atMost
      progress.advance(1)
    },
  })
  progress.finish()
  return {
    method: { kind: 'linear', C: found.C },
    split: isOne ? 'held-out-fifth' : 'folders',
    counts: { references: found.references, queries: found.queries, unanswerable: found.withoutReference, overlap: found.overlap },
    figures: [accuracyFigure('Top-1', found.correct, found.queries), ...(found.top5 === undefined ? [] : [accuracyFigure('Top-5', Math.round(found.top5 * found.queries), found.queries)])],
    perClass: classAccuracies(found.perClass),
    confusion: found.confusion,
  }
}

async function scoreRetrieval({ dim, sides }: SideFeatures, { references, queries, classes }: Sides, { products }: ProtocolMeans, { signal, emit }: JobContext<Progress>): Promise<Scored> {
  const progress = createShareProgress('Ranking pictures', queries.labels.length, emit)
  const found = await retrieval(references, queries, { dim, classes, products, signal, onQueries: (done) => { progress.reach(done / queries.labels.length) } })
  progress.finish()
  const isOne = sides.length === 1
  const plain = (name: string, value: number): EvaluationFigure => ({ name, value, error: undefined })
  return {
    method: { kind: 'retrieval' },
    split: isOne ? 'leave-one-out' : 'folders',
    counts: { references: found.references, queries: found.queries, unanswerable: found.withoutRelevant, overlap: isOne ? 0 : found.overlap },
    figures: [
      { name: 'mAP', value: found.precision, error: found.precisionError },
      plain('mAP by trapezoids', found.trapezoid),
      plain('mAP@R', found.precisionAtR),
      ...found.recall.map(({ k, share }): EvaluationFigure => ({ name: `Recall@${k}`, value: share, error: binomialError(Math.round(share * found.queries), found.queries) })),
    ],
    perClass: found.perClass.map(({ name, queries: asked, precision }) => ({ name, queries: asked, value: asked === 0 ? undefined : precision })),
    confusion: undefined,
  }
}

/**
 * Without a test folder k-NN and retrieval compare each picture with all others, and the linear probe is tested on a fixed fifth of each class.
 * @throws EngineError BAD_REQUEST where the classes do not allow it, RUNTIME; the signal's reason
 */
export async function scoreProtocol(protocol: EvaluationProtocol, features: SideFeatures, means: ProtocolMeans, context: JobContext<Progress>): Promise<Scored> {
  const sides = labelledSides(features)
  switch (protocol) {
    case 'knn':
      return scoreKnn(features, sides, means, context)
    case 'linear':
      return scoreLinear(features, sides, means, context)
    case 'retrieval':
      return scoreRetrieval(features, sides, means, context)
  }
}

/** The pairs that are mixed up most, as many as a person reads. */
export function mostMistakes(confusion: Uint32Array | readonly number[] | undefined, classes: readonly string[]): EvaluationInfo['mistakes'] {
  const shown = 12
  if (confusion === undefined) return []
  return Array.from(confusion as ArrayLike<number>, (count, at) => ({ truth: Math.floor(at / classes.length), said: at % classes.length, count }))
    .filter(({ truth, said, count }) => truth !== said && count > 0)
    .sort((a, b) => b.count - a.count || a.truth - b.truth || a.said - b.said)
    .slice(0, shown)
    .map(({ truth, said, count }) => ({ truth: classes[truth] ?? '', said: classes[said] ?? '', count }))
}
