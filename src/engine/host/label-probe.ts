/** @file What the named examples of a set say of a folder's pictures and of their patches. */
import { EngineError, type JobContext, type PictureLabels, type PredictRequest, type Prediction, type Progress } from '../contract'
import { patchVectorDim, patchVectors, unitVectors } from '../collection'
import { fitProbe, type Probe, type ProbeExamples } from '../dense'
import type { PatchBasis, PatchTable, StoredPatches } from '../library'
import { createProgress } from '../progress'
import type { EngineState } from './engine-state'
import { storedPatches } from './label-changes'
import { noLabel, type LabelState, type StoredLabels } from './label-states'
import { presentContents } from './map-places'
import { modelKeyOf } from './model-key'
import { presentRows } from './row-hashes'
import { imageOfRow } from './segment-view'
import { loadVectorSet, openProducts, vectorTableOf } from './vector-sets'

/** Patches that are learned from, of all pictures alike. */
const mostExamples = 3000
/** Pictures whose patches are compared at once. */
const picturesAtOnce = 16

/** A probe of one set, and which class each of its answers is. */
export interface LabelProbe {
  readonly probe: Probe
  /** Ids of the classes, in the order of the probe's. */
  readonly ids: readonly number[]
}

interface Found {
  readonly vectors: Float32Array
  readonly labels: readonly number[]
  readonly hashes: readonly string[]
}

async function pictureExamples(state: EngineState, { modelId, state: { pictures } }: StoredLabels): Promise<Found & { readonly dim: number }> {
  const hashes = [...pictures.keys()].sort()
  const { found, matrix } = await (await vectorTableOf(state, modelId)).read(hashes, 'cls+mean')
  const dim = 2 * (await state.models.find(modelId)).manifest.config.dim
  const having = Array.from(found, (at) => hashes[at]!)
  return { dim, vectors: unitVectors(matrix, dim, 'cls+mean'), hashes: having, labels: having.map((hash) => pictures.get(hash)!) }
}

/** @throws EngineError NOT_FOUND before any picture has patch tokens */
export async function patchBasisOf(state: EngineState, modelId: string): Promise<{ readonly table: PatchTable; readonly basis: PatchBasis }> {
  const { manifest } = await state.models.find(modelId)
  const table = await (await state.store).patches(modelKeyOf(manifest))
  const basis = await table.basis()
  if (basis === undefined) throw new EngineError('NOT_FOUND', `no picture of this folder has patch tokens of ${manifest.name} yet; embed it with patches first`, { detail: { modelId } })
  return { table, basis }
}

async function patchExamples(state: EngineState, { modelId, state: { patches } }: StoredLabels, signal: AbortSignal): Promise<Found & { readonly dim: number }> {
  const { basis } = await patchBasisOf(state, modelId)
  const dim = patchVectorDim(basis)
  const stored = await storedPatches(state, modelId, new Set(patches.keys()), signal)
  const all = [...patches].sort(([a], [b]) => a.localeCompare(b, 'en')).flatMap(([hash, { labels, gridHeight, gridWidth }]) => {
    const of = stored.get(hash)
    if (of?.gridHeight !== gridHeight || of.gridWidth !== gridWidth) return []
    return [...labels.keys()].filter((patch) => labels[patch] !== noLabel).map((patch) => ({ hash, patch, of, label: labels[patch]! }))
  })
  const stride = Math.max(1, Math.ceil(all.length / mostExamples))
  const some = all.filter((_, index) => index % stride === 0)
  const parts = some.map(({ of: { codes, scale }, patch }) => patchVectors(basis, [{ codes: codes.subarray(patch * basis.dims, (patch + 1) * basis.dims), scale }]))
  const vectors = new Float32Array(some.length * dim)
  parts.forEach((part, index) => { vectors.set(part, index * dim) })
  return { dim, vectors, labels: some.map(({ label }) => label), hashes: some.map(({ hash }) => hash) }
}

/** Probes by the state they were made of, so that looking at one picture after another fits nothing anew. */
const made = new WeakMap<LabelState, Map<string, Promise<LabelProbe>>>()

/** @throws EngineError NOT_FOUND where no example has what is learned from; the signal's reason */
export async function probeOf(state: EngineState, labels: StoredLabels, { subject, method }: Pick<PredictRequest, 'subject' | 'method'>, signal: AbortSignal): Promise<LabelProbe> {
  const { dim, vectors, labels: own, hashes } = subject === 'pictures' ? await pictureExamples(state, labels) : await patchExamples(state, labels, signal)
  if (own.length === 0) {
    const named = subject === 'pictures' ? labels.state.pictures.size : labels.state.patches.size
    const what = subject === 'pictures' ? 'picture' : 'patch'
    throw new EngineError('NOT_FOUND', named === 0 ? `no ${what} has been named yet; name one of each class` : `none of the named pictures has been embedded with this model${subject === 'patches' ? ' and patches' : ''} yet; embed them first`, { detail: { labelSetId: labels.labelSetId } })
  }
  const key = `${subject} ${method} ${own.length}`
  const kept = made.get(labels.state) ?? new Map<string, Promise<LabelProbe>>()
  made.set(labels.state, kept)
  const known = kept.get(key)
  if (known !== undefined) return known
  const ids = [...new Set(own)].sort((a, b) => a - b)
  const groups = [...new Set(hashes)]
  const places = new Map(groups.map((hash, place) => [hash, place]))
  const examples: ProbeExamples = { vectors, dim, classes: ids.length, labels: Int32Array.from(own, (label) => ids.indexOf(label)), groups: Int32Array.from(hashes, (hash) => places.get(hash)!) }
  const fitting = openProducts(state).then(async (products) => ({ ids, probe: await fitProbe(examples, method, { products, signal }) }))
  kept.set(key, fitting)
  fitting.catch(() => kept.delete(key))
  return fitting
}

const accuracyOf = ({ probe: { accuracy }, ids }: LabelProbe): Prediction['accuracy'] => ({ ...accuracy, perClass: accuracy.perClass.map((one) => ({ ...one, label: ids[one.label]! })) })

/** What each patch of a picture is, by class ids. */
export async function patchLabels(state: EngineState, basis: PatchBasis, { probe, ids }: LabelProbe, pictures: readonly StoredPatches[], signal: AbortSignal): Promise<readonly { readonly labels: Uint8Array; readonly confidence: Float32Array }[]> {
  const { labels, confidence } = await probe.apply(patchVectors(basis, pictures), { products: await openProducts(state), signal })
  let at = 0
  return pictures.map(({ gridHeight, gridWidth }) => {
    const [from, to] = [at, (at += gridHeight * gridWidth)]
    return { labels: Uint8Array.from(labels.subarray(from, to), (label) => ids[label]!), confidence: confidence.slice(from, to) }
  })
}

/** The class of most patches, the first of equal ones, and how sure all patches are on average. */
function mostOf({ labels, confidence }: { readonly labels: Uint8Array; readonly confidence: Float32Array }): { readonly label: number; readonly confidence: number } {
  const counts = new Uint32Array(noLabel)
  for (const label of labels) counts[label]!++
  return { label: counts.indexOf(Math.max(...counts)), confidence: confidence.reduce((sum, one) => sum + one, 0) / confidence.length }
}

/**
 * Stored patches of a folder's pictures with the class of each, a few pictures at a time, in no order.
 * @throws EngineError NOT_FOUND; the signal's reason
 */
export async function* labelledPatches(state: EngineState, modelId: string, probe: LabelProbe, hashes: ReadonlySet<string>, signal: AbortSignal): AsyncGenerator<{ readonly stored: StoredPatches; readonly labels: Uint8Array; readonly confidence: Float32Array }> {
  const { table, basis } = await patchBasisOf(state, modelId)
  for await (const batch of table.scan(hashes, signal))
    for (let from = 0; from < batch.length; from += picturesAtOnce) {
      await new Promise(setImmediate)
      signal.throwIfAborted()
      const some = batch.slice(from, from + picturesAtOnce)
      const found = await patchLabels(state, basis, probe, some, signal)
      for (const [index, stored] of some.entries()) yield { stored, ...found[index]! }
    }
}

/**
 * The class of every picture of a folder. What was named by hand as a whole picture is as it was named.
 * @throws EngineError NOT_FOUND for a set or folder that is not there, or where nothing can be learned from; the signal's reason
 */
export async function predictLabels(state: EngineState, request: PredictRequest, { signal, emit }: JobContext<Progress>): Promise<Prediction> {
  const { libraryId, labelSetId, subject, method } = request
  const started = performance.now()
  const stored = await state.labelSets.find(labelSetId)
  const images = state.libraries.images(libraryId)
  const probe = await probeOf(state, stored, request, signal)
  const labels = new Int32Array(images.length).fill(-1)
  const confidence = new Float32Array(images.length)
  if (subject === 'pictures') {
    const set = await loadVectorSet(state, { libraryId, rows: undefined, modelId: stored.modelId, pooling: 'cls+mean' })
    const found = await probe.probe.apply(set.matrix, { products: await openProducts(state), signal })
    set.rows.forEach((row, position) => {
      const named = stored.state.pictures.get(images[row]!.hash ?? '')
      labels[row] = named ?? probe.ids[found.labels[position]!]!
      confidence[row] = named === undefined ? found.confidence[position]! : 1
    })
  } else {
    const { rowsOf } = presentContents(images, presentRows(state.libraries, libraryId, undefined))
    const progress = createProgress('Looking at patches', rowsOf.size, emit)
    for await (const one of labelledPatches(state, stored.modelId, probe, new Set(rowsOf.keys()), signal)) {
      const most = mostOf(one)
      for (const row of rowsOf.get(one.stored.hash) ?? []) {
        labels[row] = most.label
        confidence[row] = most.confidence
      }
      progress.advance(1)
    }
    progress.finish()
  }
  return { subject, method, labels, confidence, accuracy: accuracyOf(probe), ms: performance.now() - started }
}

/**
 * The class of every patch of a picture; where pictures are the subject, all have the picture's. None before any patch is named.
 * @throws EngineError NOT_FOUND, BAD_REQUEST for a row that is not there
 */
export async function labelsOfPicture(state: EngineState, request: PredictRequest & { readonly row: number }): Promise<PictureLabels> {
  const { libraryId, labelSetId, subject, row } = request
  // A call has no cancel; this ends within a second.
  const { signal } = new AbortController()
  const stored = await state.labelSets.find(labelSetId)
  const { hash, relativePath } = imageOfRow(state, libraryId, row)
  const named = stored.state.patches.get(hash ?? '')
  const patches = hash === undefined ? undefined : (await storedPatches(state, stored.modelId, new Set([hash]), signal)).get(hash)
  if (subject === 'pictures') {
    const probe = await probeOf(state, stored, request, signal)
    const set = await loadVectorSet(state, { libraryId, rows: Uint32Array.of(row), modelId: stored.modelId, pooling: 'cls+mean' })
    const found = await probe.probe.apply(set.matrix, { products: await openProducts(state), signal })
    const { gridHeight, gridWidth } = patches ?? { gridHeight: 1, gridWidth: 1 }
    const count = gridHeight * gridWidth
    return {
      gridHeight,
      gridWidth,
      labels: new Uint8Array(count).fill(probe.ids[found.labels[0]!]!),
      confidence: new Float32Array(count).fill(found.confidence[0]!),
      named: named?.labels.length === count ? named.labels.slice() : new Uint8Array(count).fill(noLabel),
    }
  }
  if (patches === undefined) throw new EngineError('NOT_FOUND', `${relativePath} has no patch tokens of this model yet; embed it with patches first`, { detail: { relativePath } })
  const { gridHeight, gridWidth } = patches
  const count = gridHeight * gridWidth
  // The first patches are named on a picture, too.
  if (stored.state.patches.size === 0) return { gridHeight, gridWidth, labels: new Uint8Array(count).fill(noLabel), confidence: new Float32Array(count), named: new Uint8Array(count).fill(noLabel) }
  const { basis } = await patchBasisOf(state, stored.modelId)
  const [found] = await patchLabels(state, basis, await probeOf(state, stored, request, signal), [patches], signal)
  const isSameGrid = named?.gridHeight === gridHeight && named.gridWidth === gridWidth
  return { gridHeight, gridWidth, ...found!, named: isSameGrid ? named.labels.slice() : new Uint8Array(count).fill(noLabel) }
}
