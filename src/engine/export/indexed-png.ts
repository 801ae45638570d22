/** @file PNGs whose pixels are numbers: labels with colours of their own, and 16 bits of grey, as other tools read masks and depth. */
import { promisify } from 'node:util'
import { crc32, deflate, inflate } from 'node:zlib'
import { EngineError } from '../contract'

const deflated = promisify(deflate)
const inflated = promisify(inflate)
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** 8 bits of an index into a palette; deflate, no filter, not interlaced. */
const format = [8, 3, 0, 0, 0] as const
/** 16 bits of grey. */
const greyFormat = [16, 0, 0, 0, 0] as const

function chunk(type: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(data.length, 0)
  head.write(type, 4, 'latin1')
  const tail = Buffer.alloc(4)
  tail.writeUInt32BE(crc32(data, crc32(head.subarray(4))), 0)
  return Buffer.concat([head, data, tail])
}

/**
 * Encodes labels so that they are the pixels, and are shown in colours.
 * Source: PNG (W3C, third edition), §11.2.
 * @param labels uint8 [height, width]
 * @param colourOf the colour of each label, 0..255 each; asked for all up to the largest
 * @throws EngineError INTERNAL where the length is another
 */
export async function encodeIndexedPng(labels: Uint8Array, width: number, height: number, colourOf: (label: number) => readonly [number, number, number]): Promise<Buffer> {
  if (labels.length !== width * height || labels.length === 0) throw new EngineError('INTERNAL', `encodeIndexedPng: ${labels.length} labels are not one for each of ${width} × ${height} pixels`)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set(format, 8)
  const largest = labels.reduce((most, label) => Math.max(most, label), 0)
  const palette = Uint8Array.from(Array.from({ length: largest + 1 }, (_, label) => colourOf(label)).flat())
  // Each line begins with the number of its filter, 0.
  const lines = new Uint8Array((width + 1) * height)
  for (let y = 0; y < height; y++) lines.set(labels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1)
  return Buffer.concat([signature, chunk('IHDR', header), chunk('PLTE', palette), chunk('IDAT', await deflated(lines)), chunk('IEND', new Uint8Array(0))])
}

/**
 * Reads back what {@link encodeIndexedPng} wrote; other PNGs go through the decoders.
 * @returns uint8 [height, width]
 * @throws EngineError INTERNAL for a PNG of another writer
 */
export async function decodeIndexedPng(bytes: Buffer): Promise<{ readonly labels: Uint8Array; readonly height: number; readonly width: number }> {
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  const palette = bytes.readUInt32BE(33)
  const start = 33 + palette + 12
  if (!bytes.subarray(24, 29).equals(Buffer.from(format)) || bytes.toString('latin1', start + 4, start + 8) !== 'IDAT') throw new EngineError('INTERNAL', 'decodeIndexedPng: this PNG was not written by encodeIndexedPng')
  const lines = await inflated(bytes.subarray(start + 8, start + 8 + bytes.readUInt32BE(start)))
  const labels = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) labels.set(lines.subarray(y * (width + 1) + 1, (y + 1) * (width + 1)), y * width)
  return { labels, height, width }
}

/**
 * Encodes numbers as 16-bit grey, as depth is usually exchanged. Source: PNG (W3C, third edition), §11.2.
 * @param values uint16 [height, width]
 * @throws EngineError INTERNAL where the length is another
 */
export async function encodeGrey16Png(values: Uint16Array, width: number, height: number): Promise<Buffer> {
  if (values.length !== width * height || values.length === 0) throw new EngineError('INTERNAL', `encodeGrey16Png: ${values.length} values are not one for each of ${width} × ${height} pixels`)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set(greyFormat, 8)
  const stride = 1 + 2 * width
  const lines = Buffer.alloc(stride * height)
  values.forEach((value, index) => lines.writeUInt16BE(value, Math.floor(index / width) * stride + 1 + 2 * (index % width)))
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', await deflated(lines)), chunk('IEND', new Uint8Array(0))])
}
