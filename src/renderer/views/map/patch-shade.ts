/** @file What lies over a picture beside a cloud of patches: its patches in their colours, the chosen ones lit. Pure. */
import { pointState } from '../../point-cloud'

export interface PatchShade {
  readonly gridHeight: number
  readonly gridWidth: number
  /** uint8 [gridHeight, gridWidth, 4]. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
  /** Point of each patch; -1 for one that the cloud leaves out. int32 [gridHeight, gridWidth]. */
  readonly points: Int32Array
}

const [colourShare, shadowShare, absentShare] = [0.5, 0.66, 0.3]

/**
 * @param points of this picture in the cloud
 * @param patches of all points, uint32 [cloud]
 * @param tints colour and state of all points, uint8 [cloud, 4]
 * @param grid patches down and across
 */
export function patchShade(points: Uint32Array, patches: Uint32Array, tints: Uint8Array, grid: number): PatchShade {
  const pixels = new Uint8ClampedArray(4 * grid * grid)
  const pointAt = new Int32Array(grid * grid).fill(-1)
  for (let patch = 0; patch < grid * grid; patch++) pixels[4 * patch + 3] = 255 * absentShare
  for (const point of points) {
    const patch = patches[point] ?? grid * grid
    if (patch >= grid * grid) continue
    pointAt[patch] = point
    const state = tints[4 * point + 3] ?? 0
    if ((state & (pointState.dimmed | pointState.hidden)) !== 0) pixels.set([0, 0, 0, 255 * shadowShare], 4 * patch)
    else {
      pixels.set(tints.subarray(4 * point, 4 * point + 3), 4 * patch)
      pixels[4 * patch + 3] = 255 * ((state & pointState.selected) !== 0 ? colourShare / 2 : colourShare)
    }
  }
  return { gridHeight: grid, gridWidth: grid, pixels, points: pointAt }
}

/** The patch under a place in fractions of what the model saw; undefined outside. */
export function patchUnder(x: number, y: number, { gridHeight, gridWidth }: Pick<PatchShade, 'gridHeight' | 'gridWidth'>): number | undefined {
  const [column, row] = [Math.floor(x * gridWidth), Math.floor(y * gridHeight)]
  return column < 0 || row < 0 || column >= gridWidth || row >= gridHeight ? undefined : row * gridWidth + column
}
