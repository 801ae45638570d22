/** @file Where a found picture is lit: the part of it that was embedded, and how much light each of its patches gets. Pure. */
import type { EvaluationCrop, PatchHit } from '../../engine/contract'

interface Size {
  readonly width: number
  readonly height: number
}

/** How dark a patch becomes that has nothing to do with what was looked for. */
const darkest = 0.62

/**
 * Edge of the embedded square, which lies in the middle of the picture, as a share of a square tile in which the picture
 * is shown: cut to fill it, or whole.
 */
export function seenShare(size: Size | undefined, fit: 'cover' | 'contain', { shortEdge, crop }: EvaluationCrop): number {
  const cropShare = crop / shortEdge
  if (fit === 'cover' || size === undefined) return cropShare
  return (cropShare * Math.min(size.width, size.height)) / Math.max(size.width, size.height)
}

/**
 * Darkness of each patch, 0..1, float32 [gridHeight × gridWidth]: none at `peak`, the best similarity of all that was found, most
 * at the picture's own average and below.
 */
export function shadeOf({ cosine }: Pick<PatchHit, 'cosine'>, peak: number): Float32Array {
  const average = cosine.reduce((sum, value) => sum + value, 0) / Math.max(1, cosine.length)
  const span = Math.max(1e-6, peak - average)
  return cosine.map((value) => darkest * (1 - Math.min(1, Math.max(0, (value - average) / span))))
}

/** The shade as the pixels of a picture: black, one per patch, uint8 [gridHeight × gridWidth, 4]. */
export function shadePixels(hit: Pick<PatchHit, 'cosine'>, peak: number): Uint8ClampedArray<ArrayBuffer> {
  const shade = shadeOf(hit, peak)
  const pixels = new Uint8ClampedArray(shade.length * 4)
  for (let patch = 0; patch < shade.length; patch += 1) pixels[patch * 4 + 3] = (shade[patch] ?? 0) * 255
  return pixels
}

/** The patch most like what was looked for. */
export function bestPatch({ cosine }: Pick<PatchHit, 'cosine'>): number {
  return cosine.reduce((best, value, patch) => (value > (cosine[best] ?? -Infinity) ? patch : best), 0)
}
