/** @file Turns what the model saw in one picture into PNG pixels. Pure. */
import type { AttentionMaps, PcaMap } from '../../engine/contract'
import { applyColourMap, meanOverHeads, rangeOf, resampleBilinear } from '../../engine/display'

/** RGB pixels, uint8 [height, width, 3]. */
export interface Pixels {
  readonly rgb: Uint8Array
  readonly height: number
  readonly width: number
}

export interface Grid {
  readonly height: number
  readonly width: number
}

/** A picture to be written, by the name of its file. */
export interface NamedPixels extends Pixels {
  readonly name: string
}

/** How much of the map and how much of the picture an overlay shows. */
const overlayOpacity = 0.6

/** Each cell of the grid as a block of pixels. */
function enlarge(rgb: Uint8Array, grid: Grid, height: number, width: number): Pixels {
  const out = new Uint8Array(height * width * 3)
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * grid.height) / height) * grid.width
    for (let x = 0; x < width; x++) {
      const from = 3 * (row + Math.floor((x * grid.width) / width))
      out.set(rgb.subarray(from, from + 3), 3 * (y * width + x))
    }
  }
  return { rgb: out, height, width }
}

/** The map laid over the picture. `share` is how much of the map shows at each pixel, 0..1. */
function blend(picture: Pixels, map: Uint8Array, share: (pixel: number) => number): Uint8Array {
  return picture.rgb.map((value, index) => {
    const weight = overlayOpacity * share(Math.floor(index / 3))
    return Math.round(value * (1 - weight) + (map[index] ?? 0) * weight)
  })
}

function withoutAlpha(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3)
  for (let pixel = 0; pixel < rgb.length / 3; pixel++) rgb.set(rgba.subarray(4 * pixel, 4 * pixel + 3), 3 * pixel)
  return rgb
}

/** One field over the grid: as blocks, and smoothly over the picture. */
function fieldPictures(name: string, values: Float32Array, grid: Grid, picture: Pixels): NamedPixels[] {
  const { height, width } = picture
  const { min, max } = rangeOf(values)
  const coloured = withoutAlpha(applyColourMap(values, min, max, 'inferno'))
  const smooth = withoutAlpha(applyColourMap(resampleBilinear(values, grid.height, grid.width, height, width), min, max, 'inferno'))
  return [
    { name: `${name}.png`, ...enlarge(coloured, grid, height, width) },
    { name: `${name}-overlay.png`, rgb: blend(picture, smooth, () => 1), height, width },
  ]
}

/** PCA colours: background black as blocks, and only the foreground over the picture. */
function pcaPictures(pca: PcaMap, grid: Grid, picture: Pixels): NamedPixels[] {
  const { height, width } = picture
  const masked = pca.rgb.map((value, index) => (pca.foreground[Math.floor(index / 3)] === 1 ? value : 0))
  const blocks = enlarge(masked, grid, height, width)
  const isForeground = (pixel: number): number => {
    const y = Math.floor((Math.floor(pixel / width) * grid.height) / height)
    return pca.foreground[y * grid.width + Math.floor(((pixel % width) * grid.width) / width)] ?? 0
  }
  return [
    { name: 'pca.png', ...blocks },
    { name: 'pca-overlay.png', rgb: blend(picture, blocks.rgb, isForeground), height, width },
  ]
}

/** Every picture that `inspect` writes for one image, each as large as what the model was given. */
export function inspectPictures(attention: AttentionMaps, pca: PcaMap, grid: Grid, picture: Pixels): NamedPixels[] {
  const patches = grid.height * grid.width
  const heads = Array.from({ length: attention.heads }, (_, head) => fieldPictures(`attention-head-${head}`, attention.weights.subarray(head * patches, (head + 1) * patches), grid, picture))
  return [...heads.flat(), ...fieldPictures('attention-mean', meanOverHeads(attention.weights, attention.heads), grid, picture), ...pcaPictures(pca, grid, picture)]
}
