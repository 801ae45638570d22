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

/** One blur along the rows of `source`, uint8 [rows, length]; the first and last row go on for ever. */
function blurDown(source: Uint8Array, target: Uint8Array, rows: number, length: number, box: Box): void {
  const { radius, weight, edgeWeight } = box
  const last = rows - 1
  const rowAt = (row: number): number => Math.min(last, Math.max(0, row)) * length
  const sums = new Int32Array(length)
  for (let row = -radius - 1; row < radius; row++) {
    const from = rowAt(row)
    for (let index = 0; index < length; index++) sums[index]! += source[from + index]!
  }
  for (let row = 0; row < rows; row++) {
    const before = rowAt(row - radius - 1)
    const entering = rowAt(row + radius)
    const after = rowAt(row + radius + 1)
    const at = row * length
    for (let index = 0; index < length; index++) {
      const leaving = source[before + index]!
      const sum = sums[index]! + source[entering + index]! - leaving
      sums[index] = sum
      // Up to 255 · 2^24 + 2^23: the 32 bits of an unsigned number, which imul and >>> keep.
      target[at + index] = (Math.imul(sum, weight) + Math.imul(leaving + source[after + index]!, edgeWeight) + (1 << 23)) >>> 24
    }
  }
}

/** `source` [rows, columns, 3] as [columns, rows, 3]. */
function transpose(source: Uint8Array, target: Uint8Array, rows: number, columns: number): void {
  let from = 0
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const to = (column * rows + row) * 3
      target[to] = source[from]!
      target[to + 1] = source[from + 1]!
      target[to + 2] = source[from + 2]!
      from += 3
    }
  }
}

/** Blurs with a standard deviation of `sigma` pixels, about as a Gaussian does; uint8 [height, width, 3], a new array. */
export function blurAsPil({ rgb, width, height }: RgbPixels, sigma: number): Uint8Array {
  const box = boxOf(sigma)
  let current = new Uint8Array(rgb.length)
  let other = new Uint8Array(rgb.length)
  const swap = (): void => {
    ;[current, other] = [other, current]
  }
  transpose(rgb, current, height, width)
  for (let pass = 0; pass < passes; pass++) {
    blurDown(current, other, width, height * 3, box)
    swap()
  }
  transpose(current, other, width, height)
  swap()
  for (let pass = 0; pass < passes; pass++) {
    blurDown(current, other, height, width * 3, box)
    swap()
  }
  return current
}
