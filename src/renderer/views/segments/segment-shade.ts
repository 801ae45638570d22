/** @file What lies over a picture whose patches have segments. Pure. */
import type { PictureSegments, Rgb, SegmentPixels } from '../../../engine/contract'
import type { PatchShade } from '../map/patch-shade'

/** How much a segment shows, and how much of a picture is left where another one is looked at. */
const [shown, dark] = [0.55, 0.72]

export interface SegmentLook {
  readonly colours: ReadonlyMap<number, Rgb>
  /** Where each segment has gone at the level that is shown. */
  readonly into: ReadonlyMap<number, number>
  /** The one that is looked at; all where there is none. */
  readonly only: number | undefined
  readonly opacity: number
}

/** Labels over a tile: patches, or pixels at the picture's edges. `points` are the segments themselves. */
export function segmentShade(found: PictureSegments | SegmentPixels, { colours, into, only, opacity }: SegmentLook): PatchShade {
  const [gridHeight, gridWidth] = 'gridWidth' in found ? [found.gridHeight, found.gridWidth] : [found.height, found.width]
  const pixels = new Uint8ClampedArray(4 * found.labels.length)
  const points = new Int32Array(found.labels.length)
  found.labels.forEach((label, index) => {
    const segment = into.get(label) ?? label
    points[index] = segment
    const isOther = only !== undefined && segment !== only
    pixels.set(isOther ? [0, 0, 0] : (colours.get(segment) ?? [128, 128, 128]), 4 * index)
    pixels[4 * index + 3] = 255 * (isOther ? dark : opacity * shown * (only === undefined ? 1 : 0.6))
  })
  return { gridHeight, gridWidth, pixels, points }
}
