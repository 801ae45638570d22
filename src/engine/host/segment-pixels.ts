/** @file Segments of a picture by pixel: patches as blocks, or brought to the edges of what the model saw. */
import type { PictureSegments, SegmentPixels, SegmentPixelsRequest } from '../contract'
import { refineLabels } from '../dense'
import { resampleBox, type PreparedImage, type RgbPixels } from '../image'
import type { EngineState } from './engine-state'
import { preparePicture } from './prepare-picture'
import { imageOfRow, labelsAt, placeOf } from './segment-view'

export type Edges = SegmentPixelsRequest['edges']

/** Not met at the evaluation crop. */
const maxPatches = 65_536

/** Each patch as a block. */
function blocks({ labels, gridHeight, gridWidth }: PictureSegments, height: number, width: number): Uint16Array {
  const pixels = new Uint16Array(height * width)
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * gridHeight) / height) * gridWidth
    for (let x = 0; x < width; x++) pixels[y * width + x] = labels[row + Math.floor((x * gridWidth) / width)]!
  }
  return pixels
}

function reduced({ rgb, height, width }: PreparedImage, maxEdge: number): RgbPixels {
  const scale = Math.min(1, maxEdge / Math.max(height, width))
  const [rows, columns] = [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))]
  return scale === 1 ? { rgb, height, width } : { rgb: resampleBox({ rgb, height, width }, { left: 0, top: 0, width, height }, columns, rows), height: rows, width: columns }
}

/** Labels of the square that the model saw, no longer than `maxEdge`. @throws EngineError IMG_… where edges are wanted and the picture cannot be decoded */
export async function segmentPixels(segments: PictureSegments, prepared: PreparedImage, edges: Edges, maxEdge: number, signal: AbortSignal): Promise<SegmentPixels> {
  const picture = reduced(prepared, maxEdge)
  const { height, width } = picture
  if (edges === 'raw') return { height, width, labels: blocks(segments, height, width) }
  return { height, width, labels: await refineLabels(picture, segments.labels, { height: segments.gridHeight, width: segments.gridWidth }, edges, signal) }
}

/** The picture of a row as it was embedded. @throws EngineError IMG_…, SOURCE_UNAVAILABLE */
export async function preparedOfRow(state: EngineState, libraryId: string, modelId: string, row: number): Promise<PreparedImage> {
  const image = imageOfRow(state, libraryId, row)
  const { bytes } = await state.libraries.readBytes(image.id)
  return preparePicture(bytes, 'evaluation', (await state.models.find(modelId)).manifest, maxPatches)
}

/** @throws EngineError NOT_FOUND, BAD_REQUEST, IMG_…, SOURCE_UNAVAILABLE */
export async function pixelsOfPicture(state: EngineState, { libraryId, segmentationId, row, edges, maxEdge }: SegmentPixelsRequest): Promise<SegmentPixels> {
  const segmentation = await state.segmentations.find(segmentationId)
  const place = placeOf(segmentation, imageOfRow(state, libraryId, row))
  const prepared = await preparedOfRow(state, libraryId, segmentation.modelId, row)
  // A call has no cancel; this ends within a second.
  return segmentPixels(labelsAt(segmentation, place), prepared, edges, maxEdge, new AbortController().signal)
}
