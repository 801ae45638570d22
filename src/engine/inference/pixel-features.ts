/** @file Raw pixels as features: what any learned feature has to be better than. */
import { EngineError } from '../contract'

/** ImageNet's mean and standard deviation per channel, as all evaluation here normalises. */
const mean = [0.485, 0.456, 0.406] as const
const std = [0.229, 0.224, 0.225] as const

/**
 * The normalised pixels of pictures of one size, each a row: float32 `[images, height · width · 3]`.
 * @throws EngineError BAD_REQUEST when their sizes differ
 */
export function pixelFeatures(images: readonly { readonly rgb: Uint8Array; readonly height: number; readonly width: number }[]): Float32Array<ArrayBuffer> {
  const dim = images[0]?.rgb.length ?? 0
  const features = new Float32Array(images.length * dim)
  images.forEach(({ rgb, height, width }, row) => {
    if (rgb.length !== dim) throw new EngineError('BAD_REQUEST', `pixelFeatures: a picture of ${height} × ${width} has not the ${dim / 3} pixels of the first`)
    for (let index = 0; index < dim; index++) features[row * dim + index] = (rgb[index]! / 255 - mean[(index % 3) as 0 | 1 | 2]) / std[(index % 3) as 0 | 1 | 2]
  })
  return features
}
