/** @file Soft labels of patches as one label for each patch, or for each pixel. */
import { rangeOf, resampleBilinear } from '../../display'
import type { PatchGrid } from '../../inference'
import type { Size } from '../edges/region'
import type { LabelMask } from './label-mask'

/** Brings a class to 0..1 over the frame, so that a small thing far from certain wins where it is likeliest. */
function stretch(field: Float32Array): void {
  const { min, max } = rangeOf(field)
  // Nowhere, or everywhere alike: what fills the frame still does, where the reference would divide by 0.
  if (min === max) return
  for (let at = 0; at < field.length; at++) field[at] = (field[at]! - min) / (max - min)
}

/** The class of the largest field at each place, of equal ones the first. `fieldOf` gives one field at a time. */
async function strongest(classes: readonly number[], length: number, fieldOf: (index: number) => Float32Array): Promise<Uint8Array> {
  const labels = new Uint8Array(length)
  const best = new Float32Array(length).fill(-Infinity)
  for (const [index, label] of classes.entries()) {
    const field = fieldOf(index)
    stretch(field)
    for (let at = 0; at < length; at++) {
      if (!(field[at]! > best[at]!)) continue
      best[at] = field[at]!
      labels[at] = label
    }
    await new Promise(setImmediate)
  }
  return labels
}

/** One label a patch, uint8 [patches]. @param soft float32 [classes, patches] */
export function patchLabels(soft: Float32Array, classes: readonly number[]): Promise<Uint8Array> {
  const patches = soft.length / classes.length
  return strongest(classes, patches, (index) => soft.slice(index * patches, (index + 1) * patches))
}

/**
 * One label a pixel of what the model was given: each class enlarged bilinearly, brought to 0..1, and the largest taken.
 * Memory for one class at a time.
 * Source: dino/eval_video_segmentation.py, `eval_video_tracking_davis`, `norm_mask`.
 * @param soft float32 [classes, patches]
 */
export async function pixelLabels(soft: Float32Array, classes: readonly number[], grid: PatchGrid, { height, width }: Size): Promise<LabelMask> {
  const patches = grid.height * grid.width
  const labels = await strongest(classes, height * width, (index) => resampleBilinear(soft.subarray(index * patches, (index + 1) * patches), grid.height, grid.width, height, width))
  return { labels, height, width }
}
