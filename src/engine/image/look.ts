/** @file What a picture looks like, in 64 bits: near-duplicates differ in few of them. */
import { inputOptions } from './header'
import { sharp } from './native'

const columns = 9
const rows = 8

/**
 * The difference hash of a picture: shrunk to 9 × 8 greys, a bit for each grey and its right neighbour, 1 where that is brighter.
 * Row by row, the first bit highest, as 16 hex digits.
 * @param bytes an encoded picture that is known to decode, upright: a rendering of ours
 * Source: N. Krawetz, "Kind of Like That" (2013); imagehash/__init__.py `dhash`
 */
export async function differenceHash(bytes: Uint8Array): Promise<string> {
  const greys = await sharp(bytes, inputOptions).resize(columns, rows, { fit: 'fill' }).flatten().greyscale().raw({ depth: 'uchar' }).toBuffer()
  let hash = 0n
  for (let row = 0; row < rows; row++) {
    for (let column = 1; column < columns; column++) {
      const at = row * columns + column
      hash = (hash << 1n) | ((greys[at] ?? 0) > (greys[at - 1] ?? 0) ? 1n : 0n)
    }
  }
  return hash.toString(16).padStart(16, '0')
}
