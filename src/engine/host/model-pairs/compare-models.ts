/** @file Two models over the pictures of a folder: embeds what is missing, then measures how alike they are. */
import type { CompareModelsRequest, ComparedAccuracy, EmbedEvent, FileProblem, JobContext, ModelComparison, Pooling } from '../../contract'
import { largestDifference, leaveOneOutAccuracy, linearCka, mostChanged, nearestNeighbours, neighbourOverlap, type ModelVectors, type VectorSet } from '../../collection'
import { classFolders, type RowProducts } from '../../inference'
import { embedRows } from '../embed-rows'
import type { EngineState } from '../engine-state'
import { createShareProgress, inParts } from '../share-progress'
import { bringToUnit, openProducts } from '../vector-sets'
import { commonVectors } from './common-vectors'

/** Vectors that differ by no more are the same, stored in another way or computed in another order. */
const sameWithin = 1e-4
/** Source: dino/eval_knn.py, of whose 10, 20, 100 and 200 it is the usual one. */
const votingNeighbours = 20
/** What the parts take of the time, about. */
const partCosts = { cka: 1, neighbours: 4, accuracy: 8 } as const

/** Embeds with one model after the other; whose pictures could not be embedded, each once. */
async function embedBoth(state: EngineState, { libraryId, rows, modelA, modelB }: CompareModelsRequest, { signal, emit }: JobContext<EmbedEvent>): Promise<readonly FileProblem[]> {
  const skipped = new Map<string, FileProblem>()
  for (const modelId of new Set([modelA, modelB])) {
    const { name } = (await state.models.find(modelId)).manifest
    const titled = (event: EmbedEvent): void => {
      if (event.kind === 'progress') emit({ ...event, title: `Embedding with ${name}` })
      else if (!skipped.has(event.problem.relativePath)) emit(event)
    }
    const embedded = await embedRows(state, { libraryId, rows, modelId, patches: false }, { signal, emit: titled })
    for (const problem of embedded.skipped) skipped.set(problem.relativePath, problem)
  }
  return [...skipped.values()]
}

interface Sides {
  readonly a: VectorSet
  readonly b: VectorSet
}

interface MeasureOptions {
  readonly products: RowProducts
  readonly signal: AbortSignal
}

interface Classed {
  readonly classes: readonly string[]
  /** int32 [pictures]; -1 for a picture of no class. */
  readonly labels: Int32Array
  readonly pictures: number
  readonly largestClass: number
}

/** Undefined where the folders make no two classes of at least two pictures each. */
function classedPictures(state: EngineState, libraryId: string, rows: Uint32Array): Classed | undefined {
  const images = state.libraries.images(libraryId)
  const { classes, labels } = classFolders(Array.from(rows, (row) => images[row]!))
  const sizes = classes.map(() => 0)
  for (const label of labels) if (label >= 0) sizes[label]!++
  if (sizes.filter((size) => size > 1).length < 2) return undefined
  const pictures = sizes.reduce((sum, size) => sum + size, 0)
  return { classes, labels, pictures, largestClass: Math.max(...sizes) / pictures }
}

async function accuracyOf({ classes, labels, pictures, largestClass }: Classed, { a, b }: Sides, options: MeasureOptions, nextPart: () => (share: number) => void): Promise<ComparedAccuracy> {
  const accuracy = (set: VectorSet): Promise<number> => leaveOneOutAccuracy(set, labels, { classes, k: votingNeighbours, ...options, onProgress: nextPart() })
  return { k: votingNeighbours, classes: classes.length, pictures, a: await accuracy(a), b: await accuracy(b), largestClass }
}

/** The same vectors at unit length; those that were given are gone afterwards. */
async function unitSet(rows: Uint32Array, { dim, matrix }: ModelVectors, pooling: Pooling): Promise<VectorSet> {
  await bringToUnit(matrix, dim, pooling)
  return { rows, dim, matrix }
}

/**
 * Compares two models by the vectors they give the same pictures.
 * @throws EngineError NOT_FOUND for a folder or model that is not there, or when fewer than three pictures have vectors of
 * both; SOURCE_UNAVAILABLE, DISK, RUNTIME as embedding does; the signal's reason
 */
export async function compareModels(state: EngineState, request: CompareModelsRequest, context: JobContext<EmbedEvent>): Promise<ModelComparison> {
  const { libraryId, modelA, modelB, pooling } = request
  const { signal, emit } = context
  const skipped = await embedBoth(state, request, context)
  const { rows, of, a, b } = await commonVectors(state, request, skipped)
  const options = { products: await openProducts(state), signal }
  const classed = classedPictures(state, libraryId, rows)
  const progress = createShareProgress('Comparing the two models', rows.length, emit)
  const nextPart = inParts([partCosts.cka, partCosts.neighbours, partCosts.neighbours, ...(classed === undefined ? [] : [partCosts.accuracy, partCosts.accuracy])], progress.reach)

  const maxAbsDiff = await largestDifference(a, b, signal)
  const { cka, byChance: ckaByChance } = await linearCka(a, b, { ...options, onProgress: nextPart() })
  // From here on the vectors are compared by their cosines.
  const sides: Sides = { a: await unitSet(rows, a, pooling), b: await unitSet(rows, b, pooling) }
  // Where nearly all others are neighbours, any two models agree.
  const k = Math.min(request.k, Math.floor((rows.length - 1) / 2))
  const neighbours = async (set: VectorSet) => {
    const onShare = nextPart()
    return { set, neighbours: await nearestNeighbours(set, k, { ...options, onProgress: (done) => { onShare(done / rows.length) } }) }
  }
  const [left, right] = [await neighbours(sides.a), await neighbours(sides.b)]
  const overlap = await neighbourOverlap(left, right, signal)
  const accuracy = classed && (await accuracyOf(classed, sides, options, nextPart))
  progress.finish()
  const weights = await Promise.all([modelA, modelB].map(async (modelId) => (await state.models.find(modelId)).manifest.weights.sha256))
  return {
    comparisonId: state.comparisons.keep({ rows, a: left.neighbours, b: right.neighbours }),
    modelA,
    modelB,
    pooling,
    k,
    rows,
    of,
    cka,
    ckaByChance,
    overlap: overlap.mean,
    overlapByChance: overlap.byChance,
    overlaps: overlap.overlaps,
    gaps: overlap.gaps,
    changed: mostChanged(overlap).map((position) => rows[position]!),
    accuracy,
    maxAbsDiff,
    identical: maxAbsDiff === undefined || maxAbsDiff > sameWithin ? undefined : { maxAbsDiff, sameWeights: weights[0] === weights[1] },
    skipped,
  }
}
