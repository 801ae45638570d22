/** @file Where the picture lies on the stage, and which patch lies under the pointer. Pure. */
import type { Extent } from '../../../engine/contract'
import type { PatchGrid } from '../../stores/inspector-view'

export interface Size {
  readonly width: number
  readonly height: number
}
export interface Point {
  readonly x: number
  readonly y: number
}
/** Picture pixels to stage pixels: `stage = picture · scale + offset`. */
export interface Placement extends Point {
  readonly scale: number
}

/** How far one can go in: stage pixels per picture pixel. */
export const maxScale = 32

/** The whole picture, centred, with `margin` around it; small pictures are enlarged to fill the stage. */
export function fitPlacement(picture: Size, stage: Size, margin: number): Placement {
  const scale = Math.max(1e-4, Math.min((stage.width - 2 * margin) / picture.width, (stage.height - 2 * margin) / picture.height))
  return centred(picture, stage, scale)
}

function centred(picture: Size, stage: Size, scale: number): Placement {
  return { scale, x: (stage.width - picture.width * scale) / 2, y: (stage.height - picture.height * scale) / 2 }
}

/** Holds the picture on the stage: centred where it is smaller, without gaps where it is larger. */
export function heldPlacement(placement: Placement, picture: Size, stage: Size): Placement {
  const hold = (offset: number, length: number, room: number): number =>
    length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, offset))
  const { scale } = placement
  return {
    scale,
    x: hold(placement.x, picture.width * scale, stage.width),
    y: hold(placement.y, picture.height * scale, stage.height),
  }
}

/** Scales by `factor` so that what lies under `at` stays there, between fit and maxScale. */
export function zoomedPlacement(placement: Placement, factor: number, at: Point, picture: Size, stage: Size, margin: number): Placement {
  const fit = fitPlacement(picture, stage, margin)
  const scale = Math.min(Math.max(maxScale, fit.scale), Math.max(fit.scale, placement.scale * factor))
  if (scale === fit.scale) return fit
  const change = scale / placement.scale
  return heldPlacement({ scale, x: at.x - (at.x - placement.x) * change, y: at.y - (at.y - placement.y) * change }, picture, stage)
}

/** The stage rectangle of a part of the picture. */
export function extentRect(extent: Extent, picture: Size, placement: Placement): Point & Size {
  return {
    x: placement.x + extent.left * picture.width * placement.scale,
    y: placement.y + extent.top * picture.height * placement.scale,
    width: extent.width * picture.width * placement.scale,
    height: extent.height * picture.height * placement.scale,
  }
}

/** The patch under a stage point, or undefined outside the part of the picture that the model saw. */
export function patchAt(at: Point, rect: Point & Size, grid: PatchGrid): number | undefined {
  const column = Math.floor(((at.x - rect.x) / rect.width) * grid.gridWidth)
  const row = Math.floor(((at.y - rect.y) / rect.height) * grid.gridHeight)
  if (!(column >= 0 && column < grid.gridWidth && row >= 0 && row < grid.gridHeight)) return undefined
  return row * grid.gridWidth + column
}
