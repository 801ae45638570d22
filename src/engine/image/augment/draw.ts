/** @file All chance of a crop, drawn before any pixel is touched. */
import type { RandomStream } from '../../tensor'
import type { PixelSize } from '../decode'
import type { PixelBox } from '../resample'
import { drawBox } from './draw-box'
import type { CropRecipe } from './recipe'

/** `amount` is a factor around 1, or for the hue a turn of the colour circle in -0.5 … 0.5. */
export interface JitterStep {
  readonly operation: 'brightness' | 'contrast' | 'saturation' | 'hue'
  readonly amount: number
}

/** What happens to one picture, in the order of the fields. */
export interface CropDraws {
  readonly box: PixelBox
  readonly flip: boolean
  /** In the order in which they are applied; empty where colours are left alone. */
  readonly jitter: readonly JitterStep[]
  readonly grayscale: boolean
  /** Sigma of the blur in pixels, or undefined without one. */
  readonly blurSigma: number | undefined
  readonly solarize: boolean
}

/** A random order of `values` by Fisher and Yates, with one draw less than there are values. */
function shuffled<T>(values: readonly T[], random: RandomStream): readonly T[] {
  const result = [...values]
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random.uniform() * (last + 1))
    ;[result[last], result[other]] = [result[other]!, result[last]!]
  }
  return result
}

/**
 * Draws everything from `random`, always the same numbers in the same order, whether what they decide happens or not:
 * flip; jitter or not, its order (3 draws), brightness, contrast, saturation, hue; grayscale; blur or not, sigma;
 * solarize; last the box, which alone may take more or fewer. So no decision depends on how another one fell, and the
 * same stream decides the same for a picture of another size but for its box.
 * Source: dino/main_dino.py:419-464, dinov2/data/augmentations.py, torchvision ColorJitter.get_params.
 */
export function drawCrop(picture: PixelSize, recipe: CropRecipe, random: RandomStream): CropDraws {
  const happens = (probability: number): boolean => random.uniform() < probability
  const { jitter, blur } = recipe
  const factor = (amount: number): number => {
    const smallest = Math.max(0, 1 - amount)
    return smallest + (1 + amount - smallest) * random.uniform()
  }
  const flip = happens(recipe.flip)
  const jitters = happens(jitter.probability)
  const order = shuffled(['brightness', 'contrast', 'saturation', 'hue'] as const, random)
  const amounts = {
    brightness: factor(jitter.brightness),
    contrast: factor(jitter.contrast),
    saturation: factor(jitter.saturation),
    hue: (2 * random.uniform() - 1) * jitter.hue,
  }
  const grayscale = happens(recipe.grayscale)
  const blurs = happens(blur.probability)
  const sigma = blur.sigma[0] + (blur.sigma[1] - blur.sigma[0]) * random.uniform()
  const solarize = happens(recipe.solarize.probability)
  return {
    box: drawBox(picture, recipe.scale, random),
    flip,
    // As in torchvision an operation of amount 0 is no operation: a hue turned by 0 would still change levels.
    jitter: jitters ? order.filter((operation) => jitter[operation] > 0).map((operation) => ({ operation, amount: amounts[operation] })) : [],
    grayscale,
    blurSigma: blurs ? sigma : undefined,
    solarize,
  }
}
