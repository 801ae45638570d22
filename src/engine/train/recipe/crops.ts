/** @file The crops and masks a recipe asks for. */
import type { CropRecipe } from '../../image'
import { largestBlock, type MaskOptions } from '../masking'
import type { Recipe } from './schema'

/** Crops of one size, which go through the model together. */
export interface CropGroup {
  /** Edge in pixels, a multiple of the patch size. */
  readonly size: number
  readonly crops: readonly CropRecipe[]
}

/**
 * The two global crops, then the local ones where there are any. Probabilities are the real ones: DINOv2's inverted blur
 * is turned round here.
 * Source: dino/main_dino.py:419-464; dinov2/data/augmentations.py, and data/transforms.py:17-21 for the blur.
 */
export function cropGroups({ crops }: Recipe): readonly CropGroup[] {
  const { color_jitter: jitter, blur, solarize } = crops
  const crop = (size: number, scale: CropRecipe['scale'], blurProbability: number, solarizeProbability: number): CropRecipe => ({
    size,
    scale,
    flip: crops.horizontal_flip,
    jitter,
    grayscale: crops.grayscale,
    blur: { probability: blur.inverted_blur_probability ? 1 - blurProbability : blurProbability, kind: blur.kind, sigma: blur.sigma, kernel: blur.kernel },
    solarize: { probability: solarizeProbability, threshold: solarize.threshold },
  })
  const global = (blurProbability: number, solarizeProbability: number): CropRecipe =>
    crop(crops.global_crops_size, crops.global_crops_scale, blurProbability, solarizeProbability)
  const local = crop(crops.local_crops_size, crops.local_crops_scale, blur.local, 0)
  const globals: CropGroup = { size: crops.global_crops_size, crops: [global(blur.global_1, 0), global(blur.global_2, solarize.global_2)] }
  return crops.local_crops_number === 0
    ? [globals]
    : [globals, { size: crops.local_crops_size, crops: Array.from({ length: crops.local_crops_number }, () => local) }]
}

/** Masks of the global crops of `batch` pictures, or undefined where no patches are hidden. */
export function maskOptions({ method, model, ibot, crops }: Recipe, batch: number): MaskOptions | undefined {
  if (method !== 'dinov2' || ibot.loss_weight === 0) return undefined
  const edge = Math.floor(crops.global_crops_size / model.patch_size)
  return {
    crops: 2 * batch,
    grid: { height: edge, width: edge },
    sampleProbability: ibot.mask_sample_probability,
    ratio: ibot.mask_ratio_min_max,
    maxPatches: largestBlock(crops.global_crops_size, model.patch_size),
  }
}
