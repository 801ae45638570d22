/** @file How large a picture is decoded: no larger than its crops can show, so that photos of a camera fit the cache. */
import type { PixelSize } from '../../image'
import type { CropGroup } from './layout'

/** From here on, in multiples of {@link neededEdge}, the decoder shrinks … */
const shrinksFrom = 2.5
/** … to this. What remains is still resampled down for the smallest crop, so the decoder's filter is hardly seen. */
const shrinksTo = 2

/**
 * Short edge in pixels from which on no crop of the recipe is enlarged: a crop of area share `s` of a picture has an edge
 * of about √s times the picture's.
 */
export function neededEdge(groups: readonly CropGroup[]): number {
  return Math.max(...groups.flatMap(({ crops }) => crops.map(({ size, scale }) => size / Math.sqrt(scale[0]))))
}

/** The size to decode to, or undefined for the picture's own. Depends on the recipe and the picture alone. */
export function decodedSize({ width, height }: PixelSize, needed: number): PixelSize | undefined {
  const short = Math.min(width, height)
  if (short <= shrinksFrom * needed) return undefined
  const ratio = (shrinksTo * needed) / short
  return { width: Math.max(1, Math.round(width * ratio)), height: Math.max(1, Math.round(height * ratio)) }
}
