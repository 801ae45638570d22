/**
 * @file PIL's GaussianBlur to the very byte: three box blurs across, three down, each with a fractional edge, rounded to
 * eight bits in between. Source: Pillow, src/libImaging/BoxBlur.c; Gwosdek et al., "Theoretical foundations of Gaussian
 * convolution by extended box filtering" (SSVM 2011).
 */
import type { RgbPixels } from '../decode'

const { fround } = Math
const passes = 3

/** A box of `2 · radius + 1` whole levels and one fractional level at each end; weights of 24 fractional bits. */
interface Box {
  readonly radius: number
  readonly weight: number
  readonly edgeWeight: number
}

/** The box whose {@link passes}-fold blur has the variance `sigma`², in Pillow's float32 steps. */
function boxOf(sigma: number): Box {
  const single = fround(sigma)
  const variance = fround(fround(single * single) / passes)
  const length = fround(Math.sqrt(12 * variance + 1))
  const whole = Math.floor((length - 1) / 2)
  const above = fround(fround(whole + 1) * fround(whole + 1))
  const numerator = fround(fround(2 * whole + 1) * fround(whole * (whole + 1) - fround(3 * variance)))
  const size = fround(whole + fround(numerator / fround(6 * fround(variance - above))))
  const radius = Math.trunc(size)
  const weight = Math.trunc(fround(2 ** 24 / fround(fround(size * 2) + 1)))
  return { radius, weight, edgeWeight: Math.trunc((2 ** 24 - (radius * 2 + 1) * weight) / 2) }
}

/** `count` pixels between margins of `margin` pixels, uint8 [margin + count + margin, 3]. */
type Line = Uint8Array

/** Repeats the first and the last pixel outwards: beyond its ends a line goes on for ever. */
function extendEnds(line: Line, margin: number, count: number): void {
  const inside = margin * 3
  const end = (margin + count) * 3
  for (let at = 0; at < inside; at++) {
    line[at] = line[inside + (at % 3)]!
    line[end + at] = line[end - 3 + (at % 3)]!
  }
}

/** One box blur of `source` into `target`, by running sums. */
function blurLine(source: Line, target: Line, count: number, { radius, weight, edgeWeight }: Box): void {
  const entering = (2 * radius + 1) * 3
  const beyond = entering + 3
  const middle = (radius + 1) * 3
  const half = 1 << 23
  let red = 0
  let green = 0
  let blue = 0
  for (let at = 0; at < entering; at += 3) {
    red += source[at]!
    green += source[at + 1]!
    blue += source[at + 2]!
  }
  for (let at = 0; at < count * 3; at += 3) {
    const leavingRed = source[at]!
    const leavingGreen = source[at + 1]!
    const leavingBlue = source[at + 2]!
    red += source[at + entering]! - leavingRed
    green += source[at + entering + 1]! - leavingGreen
    blue += source[at + entering + 2]! - leavingBlue
    // Up to 255 · 2^24 + 2^23: the 32 bits of an unsigned number, which imul and >>> keep.
    target[at + middle] = (Math.imul(red, weight) + Math.imul(leavingRed + source[at + beyond]!, edgeWeight) + half) >>> 24
    target[at + middle + 1] = (Math.imul(green, weight) + Math.imul(leavingGreen + source[at + beyond + 1]!, edgeWeight) + half) >>> 24
    target[at + middle + 2] = (Math.imul(blue, weight) + Math.imul(leavingBlue + source[at + beyond + 2]!, edgeWeight) + half) >>> 24
  }
}

/** Blurs, in place, `lines` lines of `count` pixels; from line to line it is `lineStep` levels, from pixel to pixel `step`. */
function blurLines(rgb: Uint8Array, lines: number, lineStep: number, count: number, step: number, box: Box): void {
  const margin = box.radius + 1
  // A line is short enough to stay in the processor's nearest cache through all passes.
  let current: Line = new Uint8Array((count + 2 * margin) * 3)
  let next: Line = new Uint8Array(current.length)
  for (let line = 0; line < lines; line++) {
    const first = line * lineStep
    const end = (margin + count) * 3
    for (let at = margin * 3, from = first; at < end; at += 3, from += step) {
      current[at] = rgb[from]!
      current[at + 1] = rgb[from + 1]!
      current[at + 2] = rgb[from + 2]!
    }
    for (let pass = 0; pass < passes; pass++) {
      extendEnds(current, margin, count)
      blurLine(current, next, count, box)
      const blurred = next
      next = current
      current = blurred
    }
    for (let at = margin * 3, to = first; at < end; at += 3, to += step) {
      rgb[to] = current[at]!
      rgb[to + 1] = current[at + 1]!
      rgb[to + 2] = current[at + 2]!
    }
  }
}

/** Blurs with a standard deviation of `sigma` pixels, about as a Gaussian does, in place; uint8 [height, width, 3]. */
export function blurAsPil({ rgb, width, height }: RgbPixels, sigma: number): void {
  const box = boxOf(sigma)
  blurLines(rgb, height, width * 3, width, 3, box)
  blurLines(rgb, width, 3, height, width * 3, box)
}
