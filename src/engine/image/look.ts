/** @file What a picture looks like, in 64 bits: near-duplicates differ in few of them. */
import { inputOptions } from './header'
import { sharp } from './native'

const columns = 9
const rows = 8
/** Edge of the square of pixels of which each grey is the mean. */
const block = 8

/** Means of the blocks of greys uint8 [rows × block, columns × block]; whole numbers, so that what is flat stays flat. */
function meanGreys(pixels: Uint8Array): Uint8Array {
  const means = new Float64Array(columns * rows)
  const width = columns * block
  for (let y = 0; y < rows * block; y++) {
    for (let x = 0; x < width; x++) {
      const at = Math.floor(y / block) * columns + Math.floor(x / block)
      means[at] = (means[at] ?? 0) + (pixels[y * width + x] ?? 0) / block ** 2
    }
  }
  return Uint8Array.from(means, Math.round)
}

/**
 * The difference hash of a picture: shrunk to 9 × 8 greys, a bit for each grey and its right neighbour, 1 where that is brighter.
 * Row by row, the first bit highest, as 16 hex digits. Greys are means of a picture of 72 × 64. Shrunk to 9 × 8 at once, some
 * pixels count for much more than others: of photos of half the size one in three differed from its original in more than 4 bits,
 * with means one in a hundred.
 * @param bytes an encoded picture that is known to decode, upright: a rendering of ours
 * Source: N. Krawetz, "Kind of Like That" (2013); imagehash/__init__.py `dhash`
 */
export async function differenceHash(bytes: Uint8Array): Promise<string> {
  const shrunk = sharp(bytes, inputOptions).resize(columns * block, rows * block, { fit: 'fill' })
  const greys = meanGreys(await shrunk.flatten().greyscale().toColourspace('b-w').raw({ depth: 'uchar' }).toBuffer())
  let hash = 0n
  for (let row = 0; row < rows; row++) {
    for (let column = 1; column < columns; column++) {
      const at = row * columns + column
      hash = (hash << 1n) | ((greys[at] ?? 0) > (greys[at - 1] ?? 0) ? 1n : 0n)
    }
  }
  return hash.toString(16).padStart(16, '0')
}
