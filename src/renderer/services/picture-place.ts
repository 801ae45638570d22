/** @file A place of a picture, and the patch there in grids that differ: two looks at the same picture are pointed at together. Pure. */
import type { Analysis } from '../../engine/contract'

/** In fractions of the shown picture. */
export interface PicturePlace {
  readonly x: number
  readonly y: number
}

type Look = Pick<Analysis, 'extent' | 'gridHeight' | 'gridWidth'>

/** The middle of a patch. */
export function placeOfPatch(patch: number, { extent, gridHeight, gridWidth }: Look): PicturePlace {
  return {
    x: extent.left + (((patch % gridWidth) + 0.5) / gridWidth) * extent.width,
    y: extent.top + ((Math.floor(patch / gridWidth) + 0.5) / gridHeight) * extent.height,
  }
}

/** The patch at a place, or undefined outside of what the model saw. */
export function patchOfPlace({ x, y }: PicturePlace, { extent, gridHeight, gridWidth }: Look): number | undefined {
  const column = Math.floor(((x - extent.left) / extent.width) * gridWidth)
  const row = Math.floor(((y - extent.top) / extent.height) * gridHeight)
  return column >= 0 && column < gridWidth && row >= 0 && row < gridHeight ? row * gridWidth + column : undefined
}
