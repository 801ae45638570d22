/** @file What tells a row that is as it was written from one that is not: LanceDB keeps no checksums of its data. */
import { crc32 } from 'node:zlib'

/** CRC-32 over all parts, one after the other. For rows of kilobytes. */
export function rowCheck(...parts: readonly Uint8Array[]): number {
  return parts.reduce((check, part) => crc32(part, check), 0)
}

/** The bytes of row `row` of float32 [rows, dim]. */
export function bytesOfRow(values: Float32Array, row: number, dim: number): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset + row * dim * 4, dim * 4)
}

/** Bytes of one column: of each row `width`, or from `offsets[row]` to `offsets[row + 1]`. */
export type Cells = { readonly data: Uint8Array } & ({ readonly width: number } | { readonly offsets: Int32Array })

/** CRC-32 of each byte. Source: ISO 3309, polynomial 0xEDB88320. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/**
 * CRC-32 over the cells of a row and their lengths. For rows of some hundred bytes in a dozen columns: handing each cell to
 * zlib takes ten times as long as its bytes do here.
 */
export function cellsCheck(columns: readonly Cells[], row: number): number {
  let check = 0xffffffff
  for (const column of columns) {
    const [from, to] = 'width' in column ? [row * column.width, (row + 1) * column.width] : [column.offsets[row]!, column.offsets[row + 1]!]
    const { data } = column
    check = table[(check ^ (to - from)) & 0xff]! ^ (check >>> 8)
    for (let at = from; at < to; at++) check = table[(check ^ data[at]!) & 0xff]! ^ (check >>> 8)
  }
  return (check ^ 0xffffffff) >>> 0
}
