/** @file A picture to a crop: the references' operations in their order, by a recipe and a stream of chance. */
import { EngineError } from '../../contract'
import type { RandomStream } from '../../tensor'
import type { RgbPixels } from '../decode'
import { resampleBox } from '../resample'
import { blurAsPil } from './blur-pil'
import { blurAsTorchvision } from './blur-torchvision'
import { drawCrop, type CropDraws, type JitterStep } from './draw'
import { adjustBrightness, adjustContrast, adjustSaturation } from './enhance'
import { adjustHue } from './hue'
import { flipAcross, removeColour, solarizeFrom } from './pointwise'
import { checkCropRecipe, type CropRecipe } from './recipe'

const adjustments: Readonly<Record<JitterStep['operation'], (rgb: Uint8Array, amount: number) => void>> = {
  brightness: adjustBrightness,
  contrast: adjustContrast,
  saturation: adjustSaturation,
  hue: adjustHue,
}

function blurCrop(crop: RgbPixels, { kind, kernel }: CropRecipe['blur'], sigma: number): Uint8Array {
  if (kind === 'torchvision') return blurAsTorchvision(crop, kernel, sigma)
  blurAsPil(crop, sigma)
  return crop.rgb
}

/** What {@link drawCrop} drew, done: crop and bicubic resize, flip, colours, grey, blur, solarize. uint8 [size, size, 3]. */
export function applyDraws(picture: RgbPixels, { size, blur, solarize }: CropRecipe, draws: CropDraws): Uint8Array {
  const rgb = resampleBox(picture, draws.box, size, size)
  if (draws.flip) flipAcross(rgb, size)
  for (const { operation, amount } of draws.jitter) adjustments[operation](rgb, amount)
  if (draws.grayscale) removeColour(rgb)
  const blurred = draws.blurSigma === undefined ? rgb : blurCrop({ rgb, width: size, height: size }, blur, draws.blurSigma)
  if (draws.solarize) solarizeFrom(blurred, solarize.threshold)
  return blurred
}

/**
 * One augmented crop, uint8 [size, size, 3]. Depends on the picture, the recipe and the stream alone; the picture may
 * have any size, also one smaller than the crop. The same operations as the references' on PIL images, byte for byte
 * but for torchvision's blur, where one level in some 60 000 differs by one.
 * Source: dino/main_dino.py:419-464; dinov2/data/augmentations.py.
 * @throws EngineError BAD_REQUEST for a recipe that no crop can be made by, INTERNAL when `picture` is not of its size
 */
export function augmentCrop(picture: RgbPixels, recipe: CropRecipe, random: RandomStream): Uint8Array {
  checkCropRecipe(recipe)
  const { rgb, width, height } = picture
  if (width < 1 || height < 1 || rgb.length !== width * height * 3)
    throw new EngineError('INTERNAL', `augmentCrop: ${rgb.length} values are no picture of ${width} × ${height} pixels in three channels`)
  return applyDraws(picture, recipe, drawCrop(picture, recipe, random))
}
