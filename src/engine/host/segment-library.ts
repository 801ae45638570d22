/** @file Segments of a folder's pictures: found over all of them together, and changed by hand. */
import { randomBytes } from 'node:crypto'
import { EngineError, type JobContext, type Segmentation, type SegmentChange, type SegmentEvent, type SegmentRequest } from '../contract'
import { cosinesWithCentres, kMeans, patchVectorDim, patchVectors, type ProductOptions, type VectorSet } from '../collection'
import { adjustedRand, findSegments } from '../dense'
import type { StoredPatches } from '../library'
import { createProgress } from '../progress'
import type { EngineState } from './engine-state'
import { loadPatchPoints } from './map-patches'
import { presentContents } from './map-places'
import { presentRows } from './row-hashes'
import {
  coarsenSegments,
  firstSegments,
  mergeSegments,
  requireSegment,
  splitSegment,
  startsOf,
  takenBack,
  withSegment,
  withState,
  type SegmentBase,
  type SegmentState,
  type StoredSegmentation,
} from './segmentation-states'
import { memberPatches, picturesAtOnce, tokensOf, type Tokens } from './segment-tokens'
import { tellSegmentation } from './segment-view'
import { createShareProgress } from './share-progress'
import { openProducts } from './vector-sets'

/** Patches that segments are found in, from all pictures alike; the others are given the nearest. Some 100 MB as vectors. */
const fittedPatches = 400_000
const splitRestarts = 4
/** Labels take 16 bits, of which the last number is none. */
const mostBase = 65_535

/** What the labels of all patches are, read and compared a few pictures at a time. */
interface Assigned extends Pick<SegmentBase, 'labels' | 'sizes' | 'tightness'> {
  readonly grids: Uint16Array
}

/** Reads the tokens of contents in no order, and gives each patch the segment whose centre is nearest. */
async function assignAll({ table, basis }: Tokens, hashes: readonly string[], centres: Float32Array, options: ProductOptions, onRead: (pictures: number) => void): Promise<Assigned> {
  const dim = patchVectorDim(basis)
  const segments = centres.length / dim
  const places = new Map(hashes.map((hash, place) => [hash, place]))
  const grids = new Uint16Array(2 * hashes.length)
  const found: (Uint16Array | undefined)[] = hashes.map(() => undefined)
  const sizes = Array<number>(segments).fill(0)
  const cosines = new Float64Array(segments)
  const take = async (pictures: readonly StoredPatches[]): Promise<void> => {
    const matrix = patchVectors(basis, pictures)
    const set: VectorSet = { dim, rows: new Uint32Array(matrix.length / dim), matrix }
    const { labels, own } = await cosinesWithCentres(set, centres, options)
    let at = 0
    for (const { hash, gridHeight, gridWidth } of pictures) {
      const place = places.get(hash)
      const count = gridHeight * gridWidth
      if (place !== undefined) {
        grids.set([gridHeight, gridWidth], 2 * place)
        found[place] = Uint16Array.from(labels.subarray(at, at + count))
        for (let patch = at; patch < at + count; patch++) {
          sizes[labels[patch]!]!++
          cosines[labels[patch]!]! += own[patch]!
        }
      }
      at += count
    }
  }
  let read = 0
  for await (const batch of table.scan(new Set(hashes), options.signal))
    for (let from = 0; from < batch.length; from += picturesAtOnce) {
      options.signal.throwIfAborted()
      const some = batch.slice(from, from + picturesAtOnce)
      await take(some)
      read += some.length
      onRead(read)
    }
  const starts = startsOf(grids)
  const labels = new Uint16Array(starts.at(-1)!)
  found.forEach((of, place) => {
    if (of !== undefined) labels.set(of, starts[place])
  })
  return { grids, labels, sizes, tightness: Array.from(cosines, (sum, segment) => (sizes[segment] === 0 ? 0 : sum / sizes[segment]!)) }
}

/**
 * Finds segments in the patches of pictures that have tokens, and keeps them.
 * @throws EngineError NOT_FOUND when none of them has patch tokens, or the folder or model is not there; DISK; the signal's reason
 */
export async function segmentLibrary(state: EngineState, request: SegmentRequest, { signal, emit }: JobContext<SegmentEvent>): Promise<Segmentation> {
  const { libraryId, modelId, segments, restarts, seed } = request
  const tokens = await tokensOf(state, modelId)
  const images = state.libraries.images(libraryId)
  const rows = presentRows(state.libraries, libraryId, request.rows)
  const present = presentContents(images, rows, await tokens.table.hashes())
  const hashes = [...present.rowsOf.keys()].sort()
  if (hashes.length === 0) throw new EngineError('NOT_FOUND', `none of these ${rows.length} pictures has patch tokens of this model yet; embed them with patches first`, { detail: { modelId, pictures: rows.length } })
  const options = { products: await openProducts(state), signal }

  const reading = createProgress('Reading patches', hashes.length, emit)
  let read = 0
  const points = await loadPatchPoints(tokens.table, tokens.basis, hashes, {
    budget: fittedPatches,
    seed,
    signal,
    onRead: (pictures) => {
      reading.advance(pictures - read)
      read = pictures
    },
  })
  const finding = createShareProgress('Finding segments', points.set.rows.length, emit)
  const fit = await findSegments(points.set, { ...options, segments, restarts, seed, onProgress: finding.reach })
  finding.finish()
  const checking = createShareProgress('Comparing with another beginning', points.set.rows.length, emit)
  const again = await kMeans(points.set, { ...options, clusters: fit.segments, restarts, seed: seed + 1, onProgress: checking.reach })
  checking.finish()

  const assigning = createProgress('Giving every patch its segment', hashes.length, emit)
  let assigned = 0
  const { grids, ...labelled } = await assignAll(tokens, hashes, fit.centres, options, (pictures) => {
    assigning.advance(pictures - assigned)
    assigned = pictures
  })
  assigning.finish()
  signal.throwIfAborted()
  const base: SegmentBase = { ...labelled, centres: fit.centres, dim: points.set.dim }
  const segmentation: StoredSegmentation = {
    segmentationId: randomBytes(12).toString('hex'),
    modelId,
    createdAt: new Date().toISOString(),
    seed,
    explained: fit.explained,
    agreement: adjustedRand(fit.labels, again.labels),
    leftOut: rows.length - present.hashes.length,
    tried: fit.tried,
    hashes,
    places: new Map(hashes.map((hash, place) => [hash, place])),
    grids,
    starts: startsOf(grids),
    state: { name: `${fit.segments} segments`, base, segments: firstSegments(base) },
    undo: [],
  }
  await state.segmentations.add(segmentation)
  return tellSegmentation(state, libraryId, segmentation)
}

/** Some of the patches of a segment, spread over all of its pictures, at unit length. */
async function sampleOf(tokens: Tokens, segmentation: StoredSegmentation, members: ReadonlySet<number>, signal: AbortSignal): Promise<VectorSet> {
  const all = [...members].reduce((sum, one) => sum + segmentation.state.base.sizes[one]!, 0)
  const stride = Math.max(1, Math.ceil(all / fittedPatches))
  const dim = patchVectorDim(tokens.basis)
  const matrix = new Float32Array(Math.ceil(all / stride) * dim)
  let [seen, taken] = [0, 0]
  for await (const { set } of memberPatches(tokens, segmentation, members, segmentation.hashes, signal))
    for (let row = 0; row < set.rows.length; row++) if (seen++ % stride === 0) matrix.set(set.matrix.subarray(row * dim, (row + 1) * dim), dim * taken++)
  return { dim, rows: Uint32Array.from({ length: taken }, (_, row) => row), matrix: matrix.subarray(0, taken * dim) }
}

/** Divides a segment by k-means among its own patches, wherever their pictures are. */
async function split(state: EngineState, segmentation: StoredSegmentation, id: number, into: number): Promise<SegmentState> {
  const { state: current, seed, modelId } = segmentation
  const { base } = current
  const members = new Set(requireSegment(current, id).of)
  const tokens = await tokensOf(state, modelId)
  const signal = new AbortController().signal
  const options = { products: await openProducts(state), signal }
  const sample = await sampleOf(tokens, segmentation, members, signal)
  if (sample.rows.length === 0) throw new EngineError('NOT_FOUND', 'no patch of this segment has tokens in the store any more; embed the pictures with patches again to divide it', { detail: { segment: id } })
  const { centres, clusters } = await kMeans(sample, { ...options, clusters: into, restarts: splitRestarts, seed })
  if (clusters < 2) throw new EngineError('BAD_REQUEST', 'all patches of this segment are alike; it cannot be divided', { detail: { segment: id } })
  const before = base.sizes.length
  if (before + clusters >= mostBase) throw new EngineError('BAD_REQUEST', 'there have been too many divisions; find segments anew', { detail: { segment: id } })

  // What has no tokens any more goes with the first part.
  const labels = base.labels.map((label) => (members.has(label) ? before : label))
  const cosines = new Float64Array(clusters)
  for await (const { patches, set } of memberPatches(tokens, segmentation, members, segmentation.hashes, signal)) {
    const nearest = await cosinesWithCentres(set, centres, options)
    patches.forEach((patch, row) => {
      labels[patch] = before + nearest.labels[row]!
      cosines[nearest.labels[row]!]! += nearest.own[row]!
    })
  }
  const sizes = [...base.sizes.map((size, one) => (members.has(one) ? 0 : size)), ...Array<number>(clusters).fill(0)]
  for (const label of labels) if (label >= before) sizes[label]!++
  const joined = new Float32Array(base.centres.length + centres.length)
  joined.set(base.centres)
  joined.set(centres, base.centres.length)
  const tightness = [...base.tightness, ...Array.from(cosines, (sum, part) => sum / Math.max(1, sizes[before + part]!))]
  return splitSegment(current, id, { labels, centres: joined, dim: base.dim, sizes, tightness }, Array.from(cosines, (_, part) => before + part))
}

/**
 * Changes a segmentation by hand, or takes the last change back.
 * @throws EngineError NOT_FOUND for a segmentation or segment that is not there; BAD_REQUEST; DISK
 */
export async function changeSegmentation(state: EngineState, libraryId: string, segmentationId: string, change: SegmentChange): Promise<Segmentation> {
  const changed = await state.segmentations.change(segmentationId, async (segmentation) => {
    const { state: current } = segmentation
    switch (change.kind) {
      case 'rename':
        return withState(segmentation, withSegment(current, change.segment, { name: change.name }))
      case 'recolour':
        return withState(segmentation, withSegment(current, change.segment, { colour: change.colour }))
      case 'merge':
        return withState(segmentation, mergeSegments(current, change.segments))
      case 'coarsen':
        return withState(segmentation, await coarsenSegments(current, change.segments))
      case 'split':
        return withState(segmentation, await split(state, segmentation, change.segment, change.into))
      case 'renameAll':
        return withState(segmentation, { ...current, name: change.name })
      case 'undo':
        return takenBack(segmentation)
    }
  })
  return tellSegmentation(state, libraryId, changed)
}
