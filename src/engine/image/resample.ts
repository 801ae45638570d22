/**
 * @file Bicubic resizing that gives the very bytes PIL gives: antialiased, a = -0.5, 22-bit fixed-point weights,
 * horizontal pass first, rounded to eight bits between the passes. Source: Pillow, src/libImaging/Resample.c.
 */
import type { RgbPixels } from './decode'
import type { ResizeWindow } from './geometry'

const precisionBits = 22
const half = 1 << (precisionBits - 1)
const filterSupport = 2

/** A part of a picture, in whole pixels. */
export interface PixelBox {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** For each output position the first input position and the weights of it and those that follow. */
interface Weights {
  readonly starts: Int32Array
  readonly counts: Int32Array
  /** Fixed-point weights, `stride` per output position. */
  readonly values: Int32Array
  readonly stride: number
}

/** Keys' cubic with a = -0.5, in Pillow's order of operations. */
function cubic(distance: number): number {
  const x = Math.abs(distance)
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5
  return 0
}

/** Weights of `count` output positions from `first` on, of a line of `inputSize` resized to `outputSize`. */
function computeWeights(inputSize: number, outputSize: number, first: number, count: number): Weights {
  const scale = inputSize / outputSize
  const filterScale = Math.max(scale, 1)
  const support = filterSupport * filterScale
  const inverse = 1 / filterScale
  const stride = Math.ceil(support) * 2 + 1
  const weights = { starts: new Int32Array(count), counts: new Int32Array(count), values: new Int32Array(count * stride), stride }
  const line = new Float64Array(stride)
  for (let position = 0; position < count; position++) {
    const centre = (position + first + 0.5) * scale
    const start = Math.max(0, Math.trunc(centre - support + 0.5))
    const taps = Math.min(inputSize, Math.trunc(centre + support + 0.5)) - start
    let sum = 0
    for (let tap = 0; tap < taps; tap++) sum += line[tap] = cubic((tap + start - centre + 0.5) * inverse)
    for (let tap = 0; tap < taps; tap++) {
      const fixed = ((line[tap] ?? 0) / sum) * (1 << precisionBits)
      weights.values[position * stride + tap] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
    }
    weights.starts[position] = start
    weights.counts[position] = taps
  }
  return weights
}

/** Lines `firstRow` up to `endRow` of the box in `source`, resized across; uint8 [rows, columns, 3]. */
function resizeAcross(source: RgbPixels, box: PixelBox, weights: Weights, firstRow: number, endRow: number): Uint8ClampedArray {
  const { starts, counts, values, stride } = weights
  const { rgb, width } = source
  const columns = starts.length
  const result = new Uint8ClampedArray((endRow - firstRow) * columns * 3)
  let at = 0
  for (let row = firstRow; row < endRow; row++) {
    const line = (row + box.top) * width + box.left
    for (let column = 0; column < columns; column++) {
      let red = half
      let green = half
      let blue = half
      let pixel = (line + starts[column]!) * 3
      const end = column * stride + counts[column]!
      for (let tap = column * stride; tap < end; tap++) {
        const weight = values[tap]!
        red = (red + Math.imul(rgb[pixel]!, weight)) | 0
        green = (green + Math.imul(rgb[pixel + 1]!, weight)) | 0
        blue = (blue + Math.imul(rgb[pixel + 2]!, weight)) | 0
        pixel += 3
      }
      result[at] = red >> precisionBits
      result[at + 1] = green >> precisionBits
      result[at + 2] = blue >> precisionBits
      at += 3
    }
  }
  return result
}

/** `lines` uint8 [rows, columns, 3], of which the first is row `firstRow`, resized down; uint8 [output rows, columns, 3]. */
function resizeDown(lines: Uint8ClampedArray, lineLength: number, firstRow: number, weights: Weights): Uint8ClampedArray {
  const { starts, counts, values, stride } = weights
  const rows = starts.length
  const result = new Uint8ClampedArray(rows * lineLength)
  let at = 0
  for (let row = 0; row < rows; row++) {
    const firstTap = row * stride
    const end = firstTap + counts[row]!
    const line = (starts[row]! - firstRow) * lineLength
    for (let column = 0; column < lineLength; column += 3) {
      let red = half
      let green = half
      let blue = half
      let pixel = line + column
      for (let tap = firstTap; tap < end; tap++) {
        const weight = values[tap]!
        red = (red + Math.imul(lines[pixel]!, weight)) | 0
        green = (green + Math.imul(lines[pixel + 1]!, weight)) | 0
        blue = (blue + Math.imul(lines[pixel + 2]!, weight)) | 0
        pixel += lineLength
      }
      result[at] = red >> precisionBits
      result[at + 1] = green >> precisionBits
      result[at + 2] = blue >> precisionBits
      at += 3
    }
  }
  return result
}

/** The window of the box of `source` resized; nothing outside the box is read. uint8 [windowHeight, windowWidth, 3]. */
function resample(source: RgbPixels, box: PixelBox, window: ResizeWindow): Uint8Array {
  const across = computeWeights(box.width, window.width, window.left, window.windowWidth)
  const down = computeWeights(box.height, window.height, window.top, window.windowHeight)
  const last = window.windowHeight - 1
  const firstRow = down.starts[0]!
  const endRow = down.starts[last]! + down.counts[last]!
  const lines = resizeAcross(source, box, across, firstRow, endRow)
  const result = resizeDown(lines, window.windowWidth * 3, firstRow, down)
  return new Uint8Array(result.buffer, result.byteOffset, result.length)
}

/** Resizes `source` and cuts the window out; only what the window needs is computed. uint8 [windowHeight, windowWidth, 3]. */
export function resampleWindow(source: RgbPixels, window: ResizeWindow): Uint8Array {
  return resample(source, { left: 0, top: 0, width: source.width, height: source.height }, window)
}

/** Cuts `box`, which lies inside `source`, out and resizes it, as if the rest did not exist. uint8 [height, width, 3]. */
export function resampleBox(source: RgbPixels, box: PixelBox, width: number, height: number): Uint8Array {
  return resample(source, box, { width, height, left: 0, top: 0, windowWidth: width, windowHeight: height })
}
