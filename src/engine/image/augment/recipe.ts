/** @file What may happen to a picture on its way to a crop: plain numbers, and their check. */
import { EngineError } from '../../contract'

/**
 * How one kind of crop is made. Every probability is the real one. The DINOv2 code inverts the blur's: its
 * `GaussianBlur(p)` applies the blur with probability 1 - p (dinov2/data/transforms.py:17-21), so `p=1.0, 0.1, 0.5`
 * there is `0, 0.9, 0.5` here.
 */
export interface CropRecipe {
  /** Edge of the square result in pixels. */
  readonly size: number
  /** Smallest and largest share of the picture's area. */
  readonly scale: readonly [smallest: number, largest: number]
  /** Probability of a mirror image. */
  readonly flip: number
  /**
   * Factors are uniform in `max(0, 1 - amount)` … `1 + amount`; the hue turns by up to ± `hue` of the colour circle, at
   * most 0.5. An operation of amount 0 is left out.
   */
  readonly jitter: { readonly probability: number; readonly brightness: number; readonly contrast: number; readonly saturation: number; readonly hue: number }
  /** Probability of a crop without colour. */
  readonly grayscale: number
  /** `kernel` is the edge of torchvision's kernel, an odd number (9 in DINOv2); PIL's blur has none. Sigma in pixels. */
  readonly blur: {
    readonly probability: number
    readonly kind: 'pil' | 'torchvision'
    readonly sigma: readonly [smallest: number, largest: number]
    readonly kernel: number
  }
  /** Levels from `threshold` on become `255 - level`. */
  readonly solarize: { readonly probability: number; readonly threshold: number }
}

function requireRange(name: string, value: number, smallest: number, largest: number): void {
  if (!(value >= smallest && value <= largest)) throw new EngineError('BAD_REQUEST', `augmentCrop: ${name} is ${value}; it must be ${smallest} to ${largest}`)
}

function requireRising(name: string, [smallest, largest]: readonly [number, number], most: number): void {
  if (!(smallest > 0 && smallest <= largest && largest <= most))
    throw new EngineError('BAD_REQUEST', `augmentCrop: ${name} is ${smallest} to ${largest}; it must rise, from above 0 to at most ${most}`)
}

/** @throws EngineError BAD_REQUEST naming the first number that no crop can be made by */
export function checkCropRecipe({ size, scale, flip, jitter, grayscale, blur, solarize }: CropRecipe): void {
  if (!Number.isSafeInteger(size) || size < 1) throw new EngineError('BAD_REQUEST', `augmentCrop: size is ${size}; a whole number of at least 1 is needed`)
  requireRising('scale', scale, 1)
  requireRising('blur.sigma', blur.sigma, 1000)
  const probabilities = { flip, 'jitter.probability': jitter.probability, grayscale, 'blur.probability': blur.probability, 'solarize.probability': solarize.probability }
  for (const [name, value] of Object.entries(probabilities)) requireRange(name, value, 0, 1)
  requireRange('jitter.brightness', jitter.brightness, 0, 100)
  requireRange('jitter.contrast', jitter.contrast, 0, 100)
  requireRange('jitter.saturation', jitter.saturation, 0, 100)
  requireRange('jitter.hue', jitter.hue, 0, 0.5)
  requireRange('solarize.threshold', solarize.threshold, 0, 256)
  if (blur.kind === 'torchvision' && (!Number.isSafeInteger(blur.kernel) || blur.kernel < 1 || blur.kernel % 2 === 0))
    throw new EngineError('BAD_REQUEST', `augmentCrop: blur.kernel is ${blur.kernel}; an odd whole number is needed`)
}
