/** @file Labels laid over the picture they belong to. */
import type { Pixels } from '../../display'

/** How much of the colour shows inside, where the picture is still to be seen. */
const insideShare = 0.45

/**
 * Tints each labelled pixel and draws the border of each label in its full colour, twice as wide in a picture twice as large.
 * @param labels uint8 [height, width]; 0 is background and stays as it is
 */
export function overlayLabels({ rgb, height, width }: Pixels, labels: Uint8Array, colourOf: (label: number) => readonly [number, number, number]): Pixels {
  const painted = rgb.slice()
  const line = Math.max(1, Math.round(Math.max(height, width) / 600))
  const colours = Array.from({ length: 256 }, (_, label) => colourOf(label))
  const differs = (label: number, x: number, y: number): boolean => x >= 0 && y >= 0 && x < width && y < height && labels[y * width + x] !== label
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * width + x
      const label = labels[at]!
      if (label === 0) continue
      const isBorder = differs(label, x - line, y) || differs(label, x + line, y) || differs(label, x, y - line) || differs(label, x, y + line)
      const share = isBorder ? 1 : insideShare
      for (let channel = 0; channel < 3; channel++) painted[3 * at + channel] = Math.round(rgb[3 * at + channel]! * (1 - share) + colours[label]![channel]! * share)
    }
  return { rgb: painted, height, width }
}
