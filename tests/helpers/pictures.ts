/** @file Pictures for tests, drawn and encoded on the spot: good ones in every format, and pieces of bad ones. */
import { deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'

/** uint8 [height, width, 3]: four quarters in red, green, blue and grey over a gentle slope, so that no two corners agree. */
export function quarters(width: number, height: number): Buffer {
  const rgb = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const right = x * 2 >= width
      const low = y * 2 >= height
      const slope = Math.floor((30 * (x + y)) / (width + height))
      const colour = low ? (right ? [100, 100, 100] : [20, 20, 220]) : right ? [20, 200, 20] : [220, 20, 20]
      rgb.set(colour.map((value) => value + slope), (y * width + x) * 3)
    }
  }
  return rgb
}

/** A sharp pipeline over {@link quarters}. */
export function drawQuarters(width: number, height: number): Sharp {
  return sharp(quarters(width, height), { raw: { width, height, channels: 3 } })
}

/** Encoded {@link quarters} as a JPEG. */
export async function jpegPicture(width: number, height: number): Promise<Buffer> {
  return drawQuarters(width, height).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer()
}

/** One chunk of a PNG with its checksum. */
function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}

/** A PNG that claims any size; its one data chunk is `rows` deflated. */
export function pngClaiming(
  width: number,
  height: number,
  { bitDepth = 8, colourType = 2, interlaced = false, rows = Buffer.alloc(16) }: { bitDepth?: number; colourType?: number; interlaced?: boolean; rows?: Buffer } = {},
): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = bitDepth
  header[9] = colourType
  header[12] = interlaced ? 1 : 0
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

/** The start of an ISO media file of one brand, as HEIC and AVIF have. */
export function mediaFile(brand: string, compatible: readonly string[] = []): Buffer {
  const brands = Buffer.from([brand, '\0\0\0\0', ...compatible].join(''), 'latin1')
  const box = Buffer.alloc(8)
  box.writeUInt32BE(8 + brands.length)
  box.write('ftyp', 4, 'latin1')
  return Buffer.concat([box, brands, Buffer.from('\0\0\0\x08mdat', 'latin1')])
}

type TiffTag = { readonly tag: number } & (
  | { readonly type: 'short' | 'long'; readonly values: readonly number[] }
  | { readonly type: 'bytes'; readonly values: Buffer }
)

/** An uncompressed 8-bit little-endian TIFF of one strip, with any number of channels and any further tags. */
export function tiffPicture(width: number, height: number, channels: number, more: readonly TiffTag[] = []): Buffer {
  const pixels = Buffer.alloc(width * height * channels, 90)
  const tags: TiffTag[] = [
    { tag: 256, type: 'long', values: [width] },
    { tag: 257, type: 'long', values: [height] },
    { tag: 258, type: 'short', values: Array<number>(channels).fill(8) },
    { tag: 259, type: 'short', values: [1] },
    { tag: 262, type: 'short', values: [2] },
    { tag: 273, type: 'long', values: [8] },
    { tag: 277, type: 'short', values: [channels] },
    { tag: 278, type: 'long', values: [height] },
    { tag: 279, type: 'long', values: [pixels.length] },
    ...(channels > 3 ? [{ tag: 338, type: 'short', values: Array<number>(channels - 3).fill(0) } satisfies TiffTag] : []),
    ...more,
  ]
  const directoryAt = 8 + pixels.length
  const directory = Buffer.alloc(2 + tags.length * 12 + 4)
  directory.writeUInt16LE(tags.length)
  const extras: Buffer[] = []
  let extraAt = directoryAt + directory.length
  tags.forEach(({ tag, type, values }, index) => {
    const at = 2 + index * 12
    const size = { short: 2, long: 4, bytes: 1 }[type]
    const data = Buffer.alloc(Math.max(4, values.length * size))
    if (Buffer.isBuffer(values)) values.copy(data)
    else values.forEach((value, position) => (size === 2 ? data.writeUInt16LE(value, position * 2) : data.writeUInt32LE(value, position * 4)))
    directory.writeUInt16LE(tag, at)
    directory.writeUInt16LE({ short: 3, long: 4, bytes: 7 }[type], at + 2)
    directory.writeUInt32LE(values.length, at + 4)
    if (data.length === 4) data.copy(directory, at + 8)
    else {
      directory.writeUInt32LE(extraAt, at + 8)
      extras.push(data)
      extraAt += data.length
    }
  })
  const start = Buffer.from('II*\0\0\0\0\0', 'latin1')
  start.writeUInt32LE(directoryAt, 4)
  return Buffer.concat([start, pixels, directory, ...extras])
}
