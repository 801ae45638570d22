/** @file Turns parts, objects and artefacts of one picture into PNG pixels. Pure. */
import type { Artefacts, FoundObject } from '../../engine/contract'
import { enlargeCells, labelColour, type Pixels } from '../../engine/display'
import { fieldPictures, overlayPicture, type Grid, type NamedPixels } from './inspect-images'

/** Left, top, width and height in pixels of what the model was given. */
export type PixelBox = readonly [left: number, top: number, width: number, height: number]

const boxColour = [255, 64, 64] as const
const maskColour = [64, 220, 120] as const
const artefactColour = [255, 0, 255] as const

/** One colour for each part, as blocks and over the picture. @param parts uint8 [patches] */
export function partPictures(parts: Uint8Array, grid: Grid, picture: Pixels): NamedPixels[] {
  const { height, width } = picture
  const colours = Uint8Array.from([...parts].flatMap((part) => [...labelColour(part)]))
  return [
    { name: 'segments.png', ...enlargeCells(colours, grid, height, width) },
    overlayPicture('segments', colours, grid, picture),
  ]
}

/** The box of an object in pixels, or undefined where nothing stands out. */
export function objectBox({ box: [left, top, width, height] }: FoundObject, grid: Grid, picture: Pixels): PixelBox | undefined {
  if (width === 0) return undefined
  const [across, down] = [picture.width / grid.width, picture.height / grid.height]
  return [left * across, top * down, width * across, height * down]
}

/** The picture with the object tinted, its seed brighter, and its box drawn. Nothing is drawn where nothing stands out. */
export function objectPicture(found: FoundObject, grid: Grid, picture: Pixels): NamedPixels {
  const { height, width } = picture
  const rgb = picture.rgb.slice()
  const box = objectBox(found, grid, picture)
  const line = Math.max(1, Math.round(Math.max(height, width) / 300))
  const onBox = (x: number, y: number): boolean => {
    if (box === undefined) return false
    const [fromLeft, fromTop] = [x - box[0], y - box[1]]
    const [fromRight, fromBottom] = [box[2] - 1 - fromLeft, box[3] - 1 - fromTop]
    const nearest = Math.min(fromLeft, fromTop, fromRight, fromBottom)
    return nearest >= 0 && nearest < line
  }
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * grid.height) / height) * grid.width
    for (let x = 0; x < width; x++) {
      const patch = row + Math.floor((x * grid.width) / width)
      const [colour, share] = onBox(x, y) ? [boxColour, 1] : [maskColour, found.mask[patch] === 0 ? 0 : patch === found.seed ? 0.8 : 0.4]
      for (let channel = 0; channel < 3; channel++) {
        const at = 3 * (y * width + x) + channel
        rgb[at] = Math.round(rgb[at]! * (1 - share) + colour[channel]! * share)
      }
    }
  }
  return { name: `object-${found.method}.png`, rgb, height, width }
}

/** Lengths of tokens as a field, artefacts in a colour that the scale does not have. */
export function artefactPicture({ norms, outlier }: Artefacts, grid: Grid, picture: Pixels): NamedPixels {
  const { height, width } = picture
  const [field] = fieldPictures('artefacts', norms.map((norm, patch) => (outlier[patch] === 1 ? NaN : norm)), grid, picture)
  const rgb = (field?.rgb ?? picture.rgb).slice()
  const marked = enlargeCells(Uint8Array.from([...outlier].flatMap((value) => [value, value, value])), grid, height, width)
  for (let at = 0; at < rgb.length; at++) if (marked.rgb[at] === 1) rgb[at] = artefactColour[at % 3]!
  return { name: 'artefacts.png', rgb, height, width }
}
