/** @file Segments of a picture as labels of a first frame: the crop that was segmented, laid back on the whole picture. */
import { EngineError, type Rgb } from '../contract'
import type { LabelMask } from '../dense'
import { evaluationWindow, windowExtent, type PixelSize } from '../image'
import type { LibraryImage } from '../library'
import type { EngineState } from './engine-state'
import { labelsAt, placeOf } from './segment-view'

/** 0 is background, a label takes 8 bits, and 255 is none. */
const mostLabels = 254

export interface SegmentLabels {
  readonly colours: ReadonlyMap<number, Rgb>
  readonly names: ReadonlyMap<number, string>
  /** Background where the model did not look. */
  mask(frame: PixelSize): LabelMask
}

/** @throws EngineError NOT_FOUND for a segmentation that is not there or a picture that is not in it, BAD_REQUEST for more segments than labels */
export async function segmentLabels({ segmentations, models }: EngineState, segmentationId: string, image: LibraryImage): Promise<SegmentLabels> {
  const segmentation = await segmentations.find(segmentationId)
  const { labels, gridHeight, gridWidth } = labelsAt(segmentation, placeOf(segmentation, image))
  const { shortEdge, crop } = (await models.find(segmentation.modelId)).manifest.preprocessing
  const here = new Set(labels)
  const segments = segmentation.state.segments.filter(({ id }) => here.has(id))
  if (segments.length > mostLabels) throw new EngineError('BAD_REQUEST', `${image.relativePath} has ${segments.length} segments; at most ${mostLabels} can be followed. Merge some first`, { detail: { segments: segments.length } })
  const labelOf = new Map(segments.map(({ id }, index) => [id, index + 1]))
  return {
    colours: new Map(segments.map(({ colour }, index) => [index + 1, colour])),
    names: new Map(segments.map(({ name }, index) => [index + 1, name])),
    mask: ({ height, width }) => {
      const extent = windowExtent(evaluationWindow(width, height, shortEdge, crop))
      const across = (x: number): number => Math.floor((((x + 0.5) / width - extent.left) / extent.width) * gridWidth)
      const down = (y: number): number => Math.floor((((y + 0.5) / height - extent.top) / extent.height) * gridHeight)
      const columns = Int32Array.from({ length: width }, (_, x) => across(x))
      const pixels = new Uint8Array(height * width)
      for (let y = 0; y < height; y++) {
        const row = down(y)
        if (row < 0 || row >= gridHeight) continue
        for (let x = 0; x < width; x++) {
          const column = columns[x]!
          if (column >= 0 && column < gridWidth) pixels[y * width + x] = labelOf.get(labels[row * gridWidth + column]!) ?? 0
        }
      }
      return { labels: pixels, height, width }
    },
  }
}
