/** @file The crops of the references, for tests. */
import type { CropRecipe } from '../../../../src/engine/image'

const jitter = { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 } as const

/** DINO's second global crop. Source: dino/main_dino.py:419-464. */
export const dinoGlobal: CropRecipe = {
  size: 224,
  scale: [0.4, 1],
  flip: 0.5,
  jitter,
  grayscale: 0.2,
  blur: { probability: 0.1, kind: 'pil', sigma: [0.1, 2], kernel: 9 },
  solarize: { probability: 0.2, threshold: 128 },
}

/** DINO's local crops. */
export const dinoLocal: CropRecipe = {
  ...dinoGlobal,
  size: 96,
  scale: [0.05, 0.4],
  blur: { ...dinoGlobal.blur, probability: 0.5 },
  solarize: { probability: 0, threshold: 128 },
}

/** A crop to which everything happens. */
export const everything: CropRecipe = {
  ...dinoGlobal,
  flip: 1,
  jitter: { ...jitter, probability: 1 },
  grayscale: 1,
  blur: { ...dinoGlobal.blur, probability: 1 },
  solarize: { probability: 1, threshold: 128 },
}

/** A crop to which nothing happens but being cut out. */
export const nothing: CropRecipe = {
  ...dinoGlobal,
  flip: 0,
  jitter: { ...jitter, probability: 0 },
  grayscale: 0,
  blur: { ...dinoGlobal.blur, probability: 0 },
  solarize: { probability: 0, threshold: 128 },
}
