/** @file A segmentation as it is told of one folder: by rows instead of contents. */
import { EngineError, type PictureSegments, type Segment, type Segmentation, type SegmentationInfo, type SegmentMeasure, type SegmentPictures } from '../contract'
import { measureSegments } from '../dense'
import type { LibraryImage } from '../library'
import type { EngineState } from './engine-state'
import { placeMap, presentContents } from './map-places'
import { presence, presentRows } from './row-hashes'
import { mergesOf, noSegment, requireSegment, segmentOfBase, sizeOf, type StoredSegmentation } from './segmentation-states'

export type ViewState = Pick<EngineState, 'segmentations' | 'hashRows' | 'libraries' | 'maps'>

/** Patches of each base segment in each content: uint32 [contents, base segments]. Remembered while the labels are the same. */
const counts = new WeakMap<Uint16Array, Uint32Array>()

function countsOf({ starts, state: { base } }: StoredSegmentation): Uint32Array {
  const known = counts.get(base.labels)
  if (known !== undefined) return known
  const width = base.sizes.length
  const found = new Uint32Array((starts.length - 1) * width)
  for (let place = 0; place + 1 < starts.length; place++) for (let patch = starts[place]!; patch < starts[place + 1]!; patch++) found[place * width + base.labels[patch]!]!++
  counts.set(base.labels, found)
  return found
}

/** Share of each content that a segment takes, 0..1, float32 [contents]. */
export function sharesOf(segmentation: StoredSegmentation, of: readonly number[]): Float32Array {
  const { starts, state } = segmentation
  const all = countsOf(segmentation)
  const width = state.base.sizes.length
  return Float32Array.from({ length: starts.length - 1 }, (_, place) => {
    const patches = starts[place + 1]! - starts[place]!
    return patches === 0 ? 0 : of.reduce((sum, one) => sum + all[place * width + one]!, 0) / patches
  })
}

/** Rows of each content that are there, and how many contents of the segmentation are. */
export function rowsHere({ hashRows, libraries }: ViewState, libraryId: string, { hashes }: StoredSegmentation): readonly (readonly number[])[] {
  const images = libraries.images(libraryId)
  const rowsOf = hashRows.of(images)
  const isPresent = presence(images)
  return hashes.map((hash) => (rowsOf.get(hash) ?? []).filter((row) => isPresent(images[row]!)))
}

function infoOf(segmentation: StoredSegmentation, pictures: number): SegmentationInfo {
  const { segmentationId, modelId, createdAt, seed, explained, agreement, leftOut, state } = segmentation
  return { segmentationId, name: state.name, modelId, createdAt, pictures, segments: state.segments.length, seed, explained, agreement, leftOut }
}

export async function tellSegmentation(view: ViewState, libraryId: string, segmentation: StoredSegmentation): Promise<Segmentation> {
  const { state, tried, undo } = segmentation
  const rows = rowsHere(view, libraryId, segmentation)
  const segments = state.segments.map((stored): Segment => {
    const { id, name, colour, of } = stored
    const shares = sharesOf(segmentation, of)
    const patches = sizeOf(state, stored)
    return {
      id,
      name,
      colour,
      patches,
      pictures: rows.reduce((sum, some, place) => sum + (shares[place]! > 0 ? some.length : 0), 0),
      tightness: patches === 0 ? 0 : of.reduce((sum, one) => sum + state.base.tightness[one]! * state.base.sizes[one]!, 0) / patches,
    }
  })
  return {
    info: infoOf(segmentation, rows.reduce((sum, some) => sum + some.length, 0)),
    segments: segments.sort((a, b) => b.patches - a.patches || a.id - b.id),
    merges: await mergesOf(state),
    tried,
    canUndo: undo.length > 0,
  }
}

/** Segmentations with pictures of this folder, newest first. @throws EngineError NOT_FOUND for a folder that is not open */
export async function listSegmentations(view: ViewState, libraryId: string): Promise<readonly SegmentationInfo[]> {
  return (await view.segmentations.list()).flatMap((segmentation) => {
    const pictures = rowsHere(view, libraryId, segmentation).reduce((sum, some) => sum + some.length, 0)
    return pictures > 0 ? [infoOf(segmentation, pictures)] : []
  })
}

/** @throws EngineError NOT_FOUND */
export async function loadSegmentation(view: ViewState, libraryId: string, segmentationId: string): Promise<Segmentation> {
  return tellSegmentation(view, libraryId, await view.segmentations.find(segmentationId))
}

/** Segment of every patch of one content. */
export function labelsAt({ starts, grids, state }: StoredSegmentation, place: number): PictureSegments {
  const segmentOf = segmentOfBase(state)
  return {
    gridHeight: grids[2 * place]!,
    gridWidth: grids[2 * place + 1]!,
    labels: state.base.labels.slice(starts[place], starts[place + 1]).map((base) => segmentOf[base]!),
  }
}

/** @throws EngineError BAD_REQUEST for a row the folder does not have, NOT_FOUND for a picture that was not segmented */
export function imageOfRow({ libraries }: Pick<ViewState, 'libraries'>, libraryId: string, row: number): LibraryImage {
  const images = libraries.images(libraryId)
  const image = images[row]
  if (image === undefined) throw new EngineError('BAD_REQUEST', `there is no picture ${row}; the folder has ${images.length}`, { detail: { row } })
  return image
}

export function placeOf({ places }: Pick<StoredSegmentation, 'places'>, { hash, relativePath }: Pick<LibraryImage, 'hash' | 'relativePath'>): number {
  const place = hash === undefined ? undefined : places.get(hash)
  if (place === undefined) throw new EngineError('NOT_FOUND', `${relativePath} is not among the pictures that were segmented; find segments again to have it there`, { detail: { relativePath } })
  return place
}

/** @throws EngineError NOT_FOUND, BAD_REQUEST */
export async function segmentsOfPicture(view: ViewState, libraryId: string, segmentationId: string, row: number): Promise<PictureSegments> {
  const segmentation = await view.segmentations.find(segmentationId)
  return labelsAt(segmentation, placeOf(segmentation, imageOfRow(view, libraryId, row)))
}

/** @throws EngineError NOT_FOUND, BAD_REQUEST */
export async function measuresOfPicture(view: ViewState, libraryId: string, segmentationId: string, row: number): Promise<readonly SegmentMeasure[]> {
  const { labels, gridHeight, gridWidth } = await segmentsOfPicture(view, libraryId, segmentationId, row)
  return measureSegments(labels, { height: gridHeight, width: gridWidth })
}

/** Pictures of the folder that have a segment, the largest share first. @throws EngineError NOT_FOUND */
export async function picturesOfSegment(view: ViewState, libraryId: string, segmentationId: string, segment: number): Promise<SegmentPictures> {
  const segmentation = await view.segmentations.find(segmentationId)
  const shares = sharesOf(segmentation, requireSegment(segmentation.state, segment).of)
  const here = rowsHere(view, libraryId, segmentation)
  const found = here.flatMap((rows, place) => (shares[place]! > 0 ? rows.map((row) => ({ row, share: shares[place]! })) : []))
  found.sort((a, b) => b.share - a.share || a.row - b.row)
  return { rows: Uint32Array.from(found, ({ row }) => row), share: Float32Array.from(found, ({ share }) => share) }
}

/** Segment of each point of a map of patches. @throws EngineError NOT_FOUND, BAD_REQUEST for a map of pictures */
export async function segmentsOfMap(view: ViewState, libraryId: string, mapId: string, segmentationId: string): Promise<{ readonly labels: Int32Array }> {
  const segmentation = await view.segmentations.find(segmentationId)
  const map = await view.maps.find(mapId)
  if (map === undefined) throw new EngineError('NOT_FOUND', 'this map is not there any more; it can be computed again', { detail: { mapId } })
  const images = view.libraries.images(libraryId)
  const { rows, patches } = placeMap(map, map.info, presentContents(images, presentRows(view.libraries, libraryId, undefined)).rowsOf)
  if (patches === undefined) throw new EngineError('BAD_REQUEST', 'this is a map of pictures; segments are of patches', { detail: { mapId } })
  const segmentOf = segmentOfBase(segmentation.state)
  const { starts, places, state } = segmentation
  const labels = Int32Array.from(rows, (row, point) => {
    const place = places.get(images[row]?.hash ?? '')
    if (place === undefined || starts[place]! + patches[point]! >= starts[place + 1]!) return -1
    const segment = segmentOf[state.base.labels[starts[place]! + patches[point]!]!]!
    return segment === noSegment ? -1 : segment
  })
  return { labels }
}
