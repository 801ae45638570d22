/** @file Segments of a picture as labels of a first frame: the crop that was segmented, laid back on the whole picture. */
import { EngineError, type FirstFrame, type FirstSegments, type FirstSegmentsRequest, type Rgb } from '../contract'
import { frameSize, type LabelMask } from '../dense'
import { evaluationWindow, readHeader, windowExtent, type PixelSize } from '../image'
import type { LibraryImage } from '../library'
import type { EngineState } from './engine-state'
import { imageOfRow, labelsAt, placeOf } from './segment-view'
import { noSegment, requireSegment, type StoredSegment } from './segmentation-states'

/** 0 is background, a label takes 8 bits, and 255 is none. */
const mostLabels = 254

export interface SegmentLabels {
  readonly colours: ReadonlyMap<number, Rgb>
  readonly names: ReadonlyMap<number, string>
  /** Background where the model did not look, and where no segment is that is carried. */
  mask(frame: PixelSize): LabelMask
}

interface FirstPicture {
  /** Those that the picture has. */
  readonly here: readonly StoredSegment[]
  /** Segment under each pixel of the whole picture; `noSegment` where the model did not look. */
  at(frame: PixelSize): (x: number, y: number) => number
}

/** @throws EngineError NOT_FOUND for a segmentation that is not there or a picture that is not in it, or for one of `segments` */
async function firstPicture({ segmentations, models }: EngineState, segmentationId: string, image: LibraryImage, segments?: readonly number[]): Promise<FirstPicture> {
  const segmentation = await segmentations.find(segmentationId)
  for (const id of segments ?? []) requireSegment(segmentation.state, id)
  const { labels, gridHeight, gridWidth } = labelsAt(segmentation, placeOf(segmentation, image))
  const { shortEdge, crop } = (await models.find(segmentation.modelId)).manifest.preprocessing
  const present = new Set(labels)
  return {
    here: segmentation.state.segments.filter(({ id }) => present.has(id)),
    at: ({ height, width }) => {
      const extent = windowExtent(evaluationWindow(width, height, shortEdge, crop))
      const place = (edge: number, from: number, length: number, cells: number): Int32Array =>
        Int32Array.from({ length: edge }, (_, pixel) => {
          const cell = Math.floor((((pixel + 0.5) / edge - from) / length) * cells)
          return cell >= 0 && cell < cells ? cell : -1
        })
      const columns = place(width, extent.left, extent.width, gridWidth)
      const rows = place(height, extent.top, extent.height, gridHeight)
      return (x, y) => (columns[x]! < 0 || rows[y]! < 0 ? noSegment : labels[rows[y]! * gridWidth + columns[x]!]!)
    },
  }
}

/** @throws EngineError NOT_FOUND for a segmentation or segment that is not there or a picture that is not in it, BAD_REQUEST for more segments than labels */
export async function segmentLabels(state: EngineState, { segmentationId, segments }: Extract<FirstFrame, { kind: 'segments' }>, image: LibraryImage): Promise<SegmentLabels> {
  const { here, at } = await firstPicture(state, segmentationId, image, segments)
  const wanted = new Set(segments)
  const carried = here.filter(({ id }) => wanted.has(id))
  if (carried.length > mostLabels)
    throw new EngineError('BAD_REQUEST', `${carried.length} segments of ${image.relativePath} were to be followed; at most ${mostLabels} can be. Choose fewer, or merge some first`, { detail: { segments: carried.length } })
  const labelOf = new Uint8Array(noSegment + 1)
  for (const [index, { id }] of carried.entries()) labelOf[id] = index + 1
  return {
    colours: new Map(carried.map(({ colour }, index) => [index + 1, colour])),
    names: new Map(carried.map(({ name }, index) => [index + 1, name])),
    mask: (frame) => {
      const { height, width } = frame
      const segmentAt = at(frame)
      const labels = new Uint8Array(height * width)
      for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) labels[y * width + x] = labelOf[segmentAt(x, y)]!
      return { labels, height, width }
    },
  }
}

/**
 * The segments as a run would begin with them, on the patches that frames of this size are looked at with.
 * @throws EngineError NOT_FOUND, BAD_REQUEST for a row the folder does not have; IMG_…, SOURCE_UNAVAILABLE where the picture cannot be read
 */
export async function firstSegments(state: EngineState, { libraryId, row, segmentationId, modelId, size }: FirstSegmentsRequest): Promise<FirstSegments> {
  const image = imageOfRow(state, libraryId, row)
  const { here, at } = await firstPicture(state, segmentationId, image)
  const { patchSize } = (await state.models.find(modelId)).manifest.config
  const frame = await readHeader((await state.libraries.readBytes(image.id)).bytes)
  const { height, width } = frameSize(frame, size, patchSize)
  const [gridHeight, gridWidth] = [height / patchSize, width / patchSize]
  const segmentAt = at(frame)
  // The pixel under the middle of each patch, as a mask is brought to the grid.
  const under = (cell: number, edge: number, cells: number): number => Math.floor(((cell + 0.5) * edge) / cells)
  const labels = Uint16Array.from({ length: gridHeight * gridWidth }, (_, patch) => segmentAt(under(patch % gridWidth, frame.width, gridWidth), under(Math.floor(patch / gridWidth), frame.height, gridHeight)))
  const patches = new Map<number, number>()
  for (const label of labels) patches.set(label, (patches.get(label) ?? 0) + 1)
  const segments = here.map(({ id, name, colour }) => ({ id, name, colour, patches: patches.get(id) ?? 0 })).sort((a, b) => b.patches - a.patches || a.id - b.id)
  return { gridHeight, gridWidth, labels, segments }
}
