/**
 * @file Brightness, contrast and saturation to the very bytes of PIL's ImageEnhance: a blend in float32 between a
 * degenerate picture (black, one grey, the picture without colour) and the picture, cut to a byte without rounding.
 * All change `rgb`, uint8 [height, width, 3], in place. Source: Pillow, ImageEnhance.py and src/libImaging/Blend.c.
 */
import { greyLevel, mapLevels } from './pointwise'

/** `from + factor · (to - from)` as C computes it with floats, clipped to 0..255 and truncated. */
function blend(from: number, to: number, factor: number): number {
  const value = Math.fround(from + Math.fround(factor * (to - from)))
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value)
}

function blendFrom(rgb: Uint8Array, from: number, factor: number): void {
  const single = Math.fround(factor)
  mapLevels(rgb, Uint8Array.from({ length: 256 }, (_, level) => blend(from, level, single)))
}

/** Away from black (above 1) or towards it; `factor` ≥ 0. */
export function adjustBrightness(rgb: Uint8Array, factor: number): void {
  blendFrom(rgb, 0, factor)
}

/** Away from the mean grey level, rounded to a whole one, or towards it; `factor` ≥ 0. */
export function adjustContrast(rgb: Uint8Array, factor: number): void {
  let sum = 0
  for (let at = 0; at < rgb.length; at += 3) sum += greyLevel(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!)
  blendFrom(rgb, Math.trunc(sum / (rgb.length / 3) + 0.5), factor)
}

/** Away from each pixel's own grey or towards it; `factor` ≥ 0. */
export function adjustSaturation(rgb: Uint8Array, factor: number): void {
  const single = Math.fround(factor)
  // The product is all that is costly in a blend, and there are only 511 differences.
  const products = Float32Array.from({ length: 511 }, (_, index) => single * (index - 255))
  for (let at = 0; at < rgb.length; at += 3) {
    const grey = greyLevel(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!)
    for (let channel = at; channel < at + 3; channel++) {
      const value = Math.fround(grey + products[rgb[channel]! - grey + 255]!)
      rgb[channel] = value <= 0 ? 0 : value >= 255 ? 255 : value
    }
  }
}
