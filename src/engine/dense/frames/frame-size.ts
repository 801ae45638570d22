/** @file How large frames are looked at: the short edge as asked for, the long one a little less than it would be. */
import type { Size } from '../edges/region'

/** The reference cuts the long edge to multiples of 64 pixels: whole patches of 8 and of 16. */
const longStep = 64

/**
 * Pixels that a frame is stretched to. For patches of 8 and 16 exactly the reference's; for others the short edge is cut
 * to whole patches, and the long one to as many whole patches as fit in 64 pixels: 56 for patches of 14.
 * Source: dino/eval_video_segmentation.py, `read_frame`.
 * @param size short edge in pixels; DAVIS: 480
 */
export function frameSize({ height, width }: Size, size: number, patchSize: number): Size {
  const cut = (edge: number, step: number): number => Math.floor(edge / step) * step
  const short = Math.max(patchSize, cut(size, patchSize))
  const step = Math.max(1, Math.floor(longStep / patchSize)) * patchSize
  const whole = (size * Math.max(height, width)) / Math.min(height, width)
  const long = Math.max(patchSize, cut(whole, step) || cut(whole, patchSize))
  return height > width ? { height: long, width: short } : { height: short, width: long }
}
