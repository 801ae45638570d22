/** @file Turns what the model saw in one picture into PNG pixels. Pure. */
import type { AttentionMaps, PcaMap } from '../../engine/contract'
import { applyColourMap, enlargeCells, meanOverHeads, rangeOf, resampleBilinear, withoutAlpha, type Pixels } from '../../engine/display'

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

/** The map laid over the picture. `share` is how much of the map shows at each pixel, 0..1. */
function blend(picture: Pixels, map: Uint8Array, share: (pixel: number) => number): Uint8Array {
  return picture.rgb.map((value, index) => {
    const weight = overlayOpacity * share(Math.floor(index / 3))
    return Math.round(value * (1 - weight) + (map[index] ?? 0) * weight)
  })
}

/** One field over the grid: as blocks, and smoothly over the picture. */
export function fieldPictures(name: string, values: Float32Array, grid: Grid, picture: Pixels): NamedPixels[] {
  const { height, width } = picture
  const { min, max } = rangeOf(values)
  const coloured = withoutAlpha(applyColourMap(values, min, max, 'inferno'))
  const smooth = withoutAlpha(applyColourMap(resampleBilinear(values, grid.height, grid.width, height, width), min, max, 'inferno'))
  return [
    { name: `${name}.png`, ...enlargeCells(coloured, grid, height, width) },
    { name: `${name}-overlay.png`, rgb: blend(picture, smooth, () => 1), height, width },
  ]
}

/** Colours of a grid over the picture. @param rgb uint8 [grid.height, grid.width, 3] */
export function overlayPicture(name: string, rgb: Uint8Array, grid: Grid, picture: Pixels): NamedPixels {
  const { height, width } = picture
  return { name: `${name}-overlay.png`, rgb: blend(picture, enlargeCells(rgb, grid, height, width).rgb, () => 1), height, width }
}

/** PCA colours: background black as blocks, and only the foreground over the picture. */
function pcaPictures(pca: PcaMap, grid: Grid, picture: Pixels): NamedPixels[] {
  const { height, width } = picture
  const masked = pca.rgb.map((value, index) => (pca.foreground[Math.floor(index / 3)] === 1 ? value : 0))
  const blocks = enlargeCells(masked, grid, height, width)
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
export function inspectPictures(attention: AttentionMaps | undefined, pca: PcaMap, grid: Grid, picture: Pixels): NamedPixels[] {
  return [...(attention === undefined ? [] : attentionPictures(attention, grid, picture)), ...pcaPictures(pca, grid, picture)]
}

function attentionPictures(attention: AttentionMaps, grid: Grid, picture: Pixels): NamedPixels[] {
  const patches = grid.height * grid.width
  const heads = Array.from({ length: attention.heads }, (_, head) => fieldPictures(`attention-head-${head}`, attention.weights.subarray(head * patches, (head + 1) * patches), grid, picture))
  return [...heads.flat(), ...fieldPictures('attention-mean', meanOverHeads(attention.weights, attention.heads), grid, picture)]
}
