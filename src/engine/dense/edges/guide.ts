/** @file What the guided filter needs of a picture, whatever it then filters: colours, their means and their covariance in windows. */
import type { Pixels } from '../../display'
import { boxMean } from './box-mean'
import type { Region, Size } from './region'

/** A picture thinned to every `step`-th pixel. All fields are float32 [height, width]. */
export interface Guide extends Size {
  readonly step: number
  /** First pixel that was taken, from the left and from the top. */
  readonly first: number
  /** Radius of the windows, in thinned pixels. */
  readonly radius: number
  /** Red, green, blue, 0..1. */
  readonly colours: readonly Float32Array[]
  readonly means: readonly Float32Array[]
  /** Upper triangle of (Σ + εU)⁻¹: rr, rg, rb, gg, gb, bb. */
  readonly inverse: readonly Float32Array[]
}

/** ε on colours of 0..1: a colour edge of a few hundredths is still an edge. */
const epsilon = 1e-4
/** He & Sun 2015 thin to a quarter of the radius without a visible difference. */
const stepsInRadius = 4

const pairs = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 1],
  [1, 2],
  [2, 2],
] as const

function thin({ rgb, width }: Pixels, channel: number, { height: rows, width: columns }: Size, first: number, step: number): Float32Array {
  const taken = new Float32Array(rows * columns)
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) taken[y * columns + x] = rgb[3 * ((first + y * step) * width + first + x * step) + channel]! / 255
  return taken
}

/** Turns six fields of covariance into those of their inverse, in place. Σ + εU is positive definite, so there is one. */
function invert(fields: readonly Float32Array[]): void {
  const [rr, rg, rb, gg, gb, bb] = fields as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]
  for (let at = 0; at < rr.length; at++) {
    const [a, b, c, d, e, f] = [rr[at]! + epsilon, rg[at]!, rb[at]!, gg[at]! + epsilon, gb[at]!, bb[at]! + epsilon]
    const [first, second, third] = [d * f - e * e, c * e - b * f, b * e - c * d]
    const scale = 1 / (a * first + b * second + c * third)
    rr[at] = first * scale
    rg[at] = second * scale
    rb[at] = third * scale
    gg[at] = (a * f - c * c) * scale
    gb[at] = (b * c - a * e) * scale
    bb[at] = (a * d - b * b) * scale
  }
}

/**
 * Measures a picture for windows of `radius` pixels.
 * Source: He, Sun & Tang, "Guided Image Filtering" (TPAMI 2013), eq. 19; He & Sun, "Fast Guided Filter" (arXiv 1505.00996).
 */
export async function measureGuide(picture: Pixels, radius: number, turn: () => Promise<void>): Promise<Guide> {
  const step = Math.max(1, Math.floor(radius / stepsInRadius))
  // The middle of each block, where the picture has one.
  const first = Math.min(Math.floor(step / 2), picture.height - 1, picture.width - 1)
  const size = { height: Math.floor((picture.height - 1 - first) / step) + 1, width: Math.floor((picture.width - 1 - first) / step) + 1 }
  const thinRadius = Math.max(1, Math.round(radius / step))
  const colours: Float32Array[] = []
  const means: Float32Array[] = []
  for (const channel of [0, 1, 2]) {
    const colour = thin(picture, channel, size, first, step)
    colours.push(colour)
    means.push(boxMean(colour, size.width, thinRadius))
    await turn()
  }
  const inverse: Float32Array[] = []
  for (const [left, right] of pairs) {
    const products = boxMean(colours[left]!.map((value, at) => value * colours[right]![at]!), size.width, thinRadius)
    const [leftMean, rightMean] = [means[left]!, means[right]!]
    for (let at = 0; at < products.length; at++) products[at]! -= leftMean[at]! * rightMean[at]!
    inverse.push(products)
    await turn()
  }
  invert(inverse)
  await turn()
  return { ...size, step, first, radius: thinRadius, colours, means, inverse }
}

/** The part of a field inside a region; a copy. */
export function cutField(field: Float32Array, width: number, { left, top, right, bottom }: Region): Float32Array {
  const cut = new Float32Array((right - left) * (bottom - top))
  for (let y = top; y < bottom; y++) cut.set(field.subarray(y * width + left, y * width + right), (y - top) * (right - left))
  return cut
}
