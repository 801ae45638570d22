/** @file Tells a file that ends too early from one that is damaged: each format says by its structure where it should end. */
import type { PictureFormat } from './format'

/** Segments up to the first scan, then the end-of-image marker somewhere behind it (an EXIF thumbnail has its own). */
function jpegEndsEarly(bytes: Buffer): boolean {
  let offset = 2
  while (offset + 4 <= bytes.length && bytes[offset] === 0xff) {
    const marker = bytes[offset + 1] ?? 0
    if (marker === 0xff) {
      offset += 1
      continue
    }
    if (marker === 0xda) return bytes.indexOf(Buffer.from([0xff, 0xd9]), offset) === -1
    offset += 2 + bytes.readUInt16BE(offset + 2)
  }
  return offset + 4 > bytes.length
}

function pngEndsEarly(bytes: Buffer): boolean {
  let offset = 8
  while (offset + 12 <= bytes.length) {
    if (bytes.toString('latin1', offset + 4, offset + 8) === 'IEND') return false
    offset += 12 + bytes.readUInt32BE(offset)
  }
  return true
}

/** The trailer is one byte, 0x3b; some writers pad behind it. */
function gifEndsEarly(bytes: Buffer): boolean {
  let last = bytes.length - 1
  while (last > 13 && bytes[last] === 0) last--
  return bytes[last] !== 0x3b
}

function webpEndsEarly(bytes: Buffer): boolean {
  return bytes.length < 12 || bytes.readUInt32LE(4) + 8 > bytes.length
}

const tiffTags = { stripOffsets: 273, stripByteCounts: 279, tileOffsets: 324, tileByteCounts: 325 } as const
/** Bytes of a value of each TIFF field type; the types are numbered from 1. */
const tiffTypeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]

/** Classic TIFF: the first directory, and everything it points to, lie inside the file. BigTIFF is not looked into. */
function tiffEndsEarly(bytes: Buffer): boolean {
  if (bytes.length < 8) return true
  const little = bytes[0] === 0x49
  const short = (offset: number): number => (little ? bytes.readUInt16LE(offset) : bytes.readUInt16BE(offset))
  const long = (offset: number): number => (little ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset))
  if (short(2) !== 42) return false
  const directory = long(4)
  if (directory + 2 > bytes.length) return true
  const directoryEnd = directory + 2 + short(directory) * 12
  if (directoryEnd > bytes.length) return true
  const listed: number[] = Object.values(tiffTags)
  const values = new Map<number, number[]>()
  for (let entry = directory + 2; entry < directoryEnd; entry += 12) {
    const size = tiffTypeBytes[short(entry + 2)] ?? 0
    const count = long(entry + 4)
    const start = count * size <= 4 ? entry + 8 : long(entry + 8)
    if (start + count * size > bytes.length) return true
    if (listed.includes(short(entry)) && (size === 2 || size === 4))
      values.set(short(entry), Array.from({ length: count }, (_, index) => (size === 2 ? short(start + index * 2) : long(start + index * 4))))
  }
  const offsets = values.get(tiffTags.stripOffsets) ?? values.get(tiffTags.tileOffsets) ?? []
  const byteCounts = values.get(tiffTags.stripByteCounts) ?? values.get(tiffTags.tileByteCounts) ?? []
  return offsets.some((offset, index) => offset + (byteCounts[index] ?? 0) > bytes.length)
}

/** Boxes follow each other to the end of the file; size 0 means to the end, size 1 a 64-bit size behind the type. */
function avifEndsEarly(bytes: Buffer): boolean {
  let offset = 0
  while (offset + 8 <= bytes.length) {
    const short = bytes.readUInt32BE(offset)
    if (short === 0) return false
    if (short === 1 && offset + 16 > bytes.length) return true
    const size = short === 1 ? Number(bytes.readBigUInt64BE(offset + 8)) : short
    if (size < 8) return false
    offset += size
  }
  return offset !== bytes.length
}

const checks: Readonly<Record<PictureFormat, (bytes: Buffer) => boolean>> = {
  jpeg: jpegEndsEarly,
  png: pngEndsEarly,
  gif: gifEndsEarly,
  webp: webpEndsEarly,
  tiff: tiffEndsEarly,
  avif: avifEndsEarly,
}

/** Whether a file of `format` that could not be decoded ends before its own structure says it should. */
export function endsEarly(bytes: Buffer, format: PictureFormat): boolean {
  return checks[format](bytes)
}
