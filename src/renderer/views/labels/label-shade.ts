/** @file What lies over a picture whose patches are named or predicted. Pure. */
import type { LabelClass, PictureLabels } from '../../../engine/contract'
import type { PatchShade } from '../map/patch-shade'

const none = 255
/** How much shows of a class that is certain, of one that is not, and of one that was named by hand. */
const [surest, leastSure, byHand] = [0.55, 0.12, 0.85]

/** Patches in the colours of their classes: stronger the surer, strongest where a person named them. */
export function labelShade({ gridHeight, gridWidth, labels, confidence, named }: PictureLabels, classes: readonly LabelClass[]): PatchShade {
  const colours = new Map(classes.map(({ id, colour }) => [id, colour]))
  const patches = gridHeight * gridWidth
  const pixels = new Uint8ClampedArray(4 * patches)
  for (let patch = 0; patch < patches; patch++) {
    const hand = named[patch] ?? none
    const colour = colours.get(hand !== none ? hand : (labels[patch] ?? none))
    if (colour === undefined) continue
    pixels.set(colour, 4 * patch)
    pixels[4 * patch + 3] = 255 * (hand !== none ? byHand : leastSure + (surest - leastSure) * (confidence[patch] ?? 0))
  }
  return { gridHeight, gridWidth, pixels, points: Int32Array.from({ length: patches }, (_, patch) => patch) }
}
