/** @file Pixels rearranged so that patch embedding is one matrix product. */
import { EngineError } from '../contract'

type Triple = readonly [number, number, number]

const levels = 256

/** The normalised value of each of the 256 levels of one channel, in the reference's float32 steps: / 255, - mean, / std. */
function normalisedLevels(mean: number, std: number): Float32Array {
  return Float32Array.from({ length: levels }, (_, level) => Math.fround(Math.fround(level / 255) - Math.fround(mean)) / Math.fround(std))
}

/**
 * Writes the normalised patches of a picture, row-major, from `offset` on: [patches, 3 · patchSize²] with each row in
 * the order channel, y, x, as a convolution's weights [dim, 3, patchSize, patchSize] are.
 * @param image uint8 [height, width, 3]; both edges multiples of `patchSize`
 * @param mean per channel, of values 0..1; `std` likewise
 * @throws EngineError INTERNAL when the edges are no multiples or `target` is too short
 */
export function writePatchRows(
  image: { readonly rgb: Uint8Array; readonly height: number; readonly width: number },
  patchSize: number,
  mean: Triple,
  std: Triple,
  target: Float32Array,
  offset: number,
): void {
  const { rgb, height, width } = image
  if (width % patchSize !== 0 || height % patchSize !== 0)
    throw new EngineError('INTERNAL', `writePatchRows: ${width} × ${height} pixels are not whole patches of ${patchSize}`)
  if (offset < 0 || offset + rgb.length > target.length || rgb.length !== height * width * 3)
    throw new EngineError('INTERNAL', `writePatchRows: ${height} × ${width} × 3 values of ${rgb.length} do not fit ${target.length} from ${offset} on`)
  const reds = normalisedLevels(mean[0], std[0])
  const greens = normalisedLevels(mean[1], std[1])
  const blues = normalisedLevels(mean[2], std[2])
  const area = patchSize * patchSize
  let pixel = 0
  for (let y = 0; y < height; y++) {
    const inPatch = y % patchSize
    // Offset of this picture row in the first patch of its row of patches.
    let at = offset + ((y - inPatch) * width * 3 + inPatch * patchSize)
    for (let left = 0; left < width; left += patchSize) {
      for (let x = 0; x < patchSize; x++) {
        target[at + x] = reds[rgb[pixel]!]!
        target[at + x + area] = greens[rgb[pixel + 1]!]!
        target[at + x + 2 * area] = blues[rgb[pixel + 2]!]!
        pixel += 3
      }
      at += 3 * area
    }
  }
}
