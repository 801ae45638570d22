/** @file From a picture as other programs feed it, `[batch, 3, height, width]`, to the rows of patches that the transformer takes. */
import { input, integers, multiplyDims, type Value } from '../../graph'
import { concat, divide, multiply, reshape, reshapeTo, sizeOf, sliceTo, transpose } from '../../ops'
import type { RuntimeGrid, RuntimeSize } from './position-weights'

/** Pixels down and across. */
export type PixelSize = readonly [height: number, width: number]

export interface PixelRows {
  /** float32 `[batch, h*w, 3·p²]`, each row channel, y, x. */
  readonly patches: Value
  readonly grid: RuntimeGrid
}

/**
 * The input `pixel_values` and its patches. Edges that are no multiple of `patchSize` lose the rest on the right and below.
 * @param size fixed height and width, or undefined for any
 */
export function pixelRows(patchSize: number, size: PixelSize | undefined): PixelRows {
  const [height, width] = size ?? ['height', 'width']
  const pixels = input('pixel_values', 'float32', ['batch', 3, height, width])
  const grid = {
    height: patchesAlong(pixels, 2, patchSize, 'h'),
    width: patchesAlong(pixels, 3, patchSize, 'w'),
  }
  return { patches: rearrange(pixels, grid, patchSize), grid }
}

function patchesAlong(pixels: Value, axis: number, patchSize: number, name: string): RuntimeSize {
  const pixelsAlong = pixels.shape[axis]
  if (typeof pixelsAlong === 'number') {
    const count = Math.floor(pixelsAlong / patchSize)
    return { value: integers([count]), dim: count }
  }
  return { value: divide(sizeOf(pixels, axis), integers([patchSize])), dim: name }
}

/** Two transposes of four axes each: more axes than that are not moved by every runtime. */
function rearrange(pixels: Value, { height, width }: RuntimeGrid, patchSize: number): Value {
  const whole = (x: Value, axis: number, { value, dim }: RuntimeSize): Value => sliceTo(x, axis, multiply(value, integers([patchSize])), multiplyDims([patchSize, dim]))
  const cropped = whole(whole(pixels, 2, height), 3, width)
  const area = patchSize * patchSize
  const patches = multiplyDims([height.dim, width.dim])
  const bands = reshapeTo(cropped, concat([integers([-1, patchSize]), width.value, integers([patchSize])], 0), [multiplyDims(['batch', 3, height.dim]), patchSize, width.dim, patchSize])
  const tiles = transpose(bands, [0, 2, 1, 3])
  const channels = reshapeTo(tiles, concat([sizeOf(pixels, 0), integers([3, -1, area])], 0), ['batch', 3, patches, area])
  const rows = transpose(channels, [0, 2, 1, 3])
  return reshape(rows, ['batch', patches, 3 * area], rows)
}
