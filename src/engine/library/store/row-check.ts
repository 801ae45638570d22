/** @file What tells a row that is as it was written from one that is not: LanceDB keeps no checksums of its data. */
import { crc32 } from 'node:zlib'

/** CRC-32 over all parts, one after the other. */
export function rowCheck(...parts: readonly Uint8Array[]): number {
  return parts.reduce((check, part) => crc32(part, check), 0)
}

/** The bytes of `count` numbers from `first` on. */
export function bytesOfRow(values: Float32Array, row: number, dim: number): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset + row * dim * 4, dim * 4)
}
