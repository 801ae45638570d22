/** @file Where the pixels a model sees lie in a picture: pure arithmetic on sizes, exactly the reference's roundings. */
import type { Extent } from '../contract'

/** A picture is resized to `width` × `height`, then the window is cut out of it. */
export interface ResizeWindow {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly top: number
  readonly windowWidth: number
  readonly windowHeight: number
}

/** Python's `round`: halves go to the even neighbour. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}

/**
 * `Resize(shortEdge)` then `CenterCrop(crop)`: the long edge is truncated, the crop's corner rounded half to even.
 * Source: torchvision 0.14, transforms/functional.py `_compute_resized_output_size`, `center_crop`.
 */
export function evaluationWindow(width: number, height: number, shortEdge: number, crop: number): ResizeWindow {
  const resizedWidth = width <= height ? shortEdge : Math.trunc((shortEdge * width) / height)
  const resizedHeight = width <= height ? Math.trunc((shortEdge * height) / width) : shortEdge
  return {
    width: resizedWidth,
    height: resizedHeight,
    left: roundHalfToEven((resizedWidth - crop) / 2),
    top: roundHalfToEven((resizedHeight - crop) / 2),
    windowWidth: crop,
    windowHeight: crop,
  }
}

/** The window as fractions of the whole picture. */
export function windowExtent(window: ResizeWindow): Extent {
  return {
    left: window.left / window.width,
    top: window.top / window.height,
    width: window.windowWidth / window.width,
    height: window.windowHeight / window.height,
  }
}

/** Patches down and across, and whether `maxPatches` made them fewer than asked for. */
export interface PatchGrid {
  readonly rows: number
  readonly columns: number
  readonly capped: boolean
}

const atLeastOne = (value: number): number => Math.max(1, value)

/**
 * The grid of whole patches nearest to the picture at `shortEdge` pixels on its shorter side. Where it would have more
 * than `maxPatches`, the largest grid of nearly the same aspect that has no more.
 */
export function patchGrid(width: number, height: number, shortEdge: number, patchSize: number, maxPatches: number): PatchGrid {
  const scale = shortEdge / Math.min(width, height) / patchSize
  const rows = atLeastOne(Math.round(height * scale))
  const columns = atLeastOne(Math.round(width * scale))
  if (rows * columns <= maxPatches) return { rows, columns, capped: false }
  // A strip so thin that its short side is held at one patch would still have too many along the other.
  const cappedColumns = Math.min(maxPatches, atLeastOne(Math.floor(Math.sqrt((maxPatches * width) / height))))
  const cappedRows = Math.min(Math.floor(maxPatches / cappedColumns), atLeastOne(Math.floor(Math.sqrt((maxPatches * height) / width))))
  return { rows: cappedRows, columns: cappedColumns, capped: true }
}
