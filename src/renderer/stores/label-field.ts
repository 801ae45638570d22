/** @file Labels of patches as a field in colours. Pure. */
import { labelColour, type LabelColour } from '../../engine/display'
import type { PatchGrid } from './inspector-view'
import type { ShownField } from './shown-field'

/**
 * @param labels uint8 or uint16 [patches]
 * @param none the label of patches that show nothing
 * @param colourOf how each label is shown, 0..255 each
 */
export function labelField(labels: Uint8Array | Uint16Array, { gridHeight, gridWidth }: PatchGrid, none: number, colourOf: (label: number) => LabelColour = labelColour): ShownField {
  const rgb = new Uint8Array(3 * labels.length)
  const mask = new Uint8Array(labels.length)
  labels.forEach((label, patch) => {
    if (label === none) return
    mask[patch] = 1
    rgb.set(colourOf(label), 3 * patch)
  })
  return { kind: 'colour', gridHeight, gridWidth, rgb, mask }
}
