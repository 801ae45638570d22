/** @file Tells what a file is from its first bytes alone; names and extensions are never asked. */

export type PictureFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'avif'

/** What a file's content says it is. `heic` and `other` are known but cannot be decoded here. */
export type Content =
  | { readonly kind: 'picture'; readonly format: PictureFormat }
  | { readonly kind: 'heic'; readonly brand: string }
  | { readonly kind: 'other'; readonly name: string }
  | { readonly kind: 'unknown' }

/** The formats that are decoded, as messages name them. */
export const supportedFormats = 'JPEG, PNG, WebP, GIF, TIFF and AVIF'

const formatNames: Readonly<Record<PictureFormat, string>> = { jpeg: 'JPEG', png: 'PNG', webp: 'WebP', gif: 'GIF', tiff: 'TIFF', avif: 'AVIF' }

/** A format's name in messages. */
export function formatName(format: PictureFormat): string {
  return formatNames[format]
}

const pictureMagics: readonly (readonly [magic: string, format: PictureFormat])[] = [
  ['\xff\xd8\xff', 'jpeg'],
  ['\x89PNG\r\n\x1a\n', 'png'],
  ['GIF87a', 'gif'],
  ['GIF89a', 'gif'],
  ['II*\0', 'tiff'],
  ['MM\0*', 'tiff'],
  ['II+\0', 'tiff'],
  ['MM\0+', 'tiff'],
]

const otherMagics: readonly (readonly [magic: string, name: string])[] = [
  ['%PDF', 'a PDF'],
  ['BM', 'a BMP picture'],
  ['8BPS', 'a Photoshop document'],
  ['\xff\x0a', 'a JPEG XL picture'],
  ['\0\0\0\x0cJXL ', 'a JPEG XL picture'],
  ['\0\0\0\x0cjP  ', 'a JPEG 2000 picture'],
  ['\xff\x4f\xff\x51', 'a JPEG 2000 picture'],
  ['\0\0\x01\0', 'an icon'],
  ['v/1\x01', 'an OpenEXR picture'],
  ['#?RADIANCE', 'a Radiance picture'],
  ['qoif', 'a QOI picture'],
  ['FUJIFILMCCD-RAW', 'a camera raw file'],
  ['IIU\0', 'a camera raw file'],
  ['IIRO', 'a camera raw file'],
  ['\x1f\x8b', 'a gzip archive, as compressed SVGs are'],
  ['PK\x03\x04', 'a zip archive'],
]

const heicBrands = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs'])

/** Reads the `ftyp` box with which AVIF, HEIC and films begin: its major brand first, then the compatible ones. */
function fileTypeBrands(bytes: Buffer): string[] {
  if (bytes.length < 16 || bytes.toString('latin1', 4, 8) !== 'ftyp') return []
  const end = Math.min(bytes.readUInt32BE(0), bytes.length, 1024)
  const brands = [bytes.toString('latin1', 8, 12)]
  for (let offset = 16; offset + 4 <= end; offset += 4) brands.push(bytes.toString('latin1', offset, offset + 4))
  return brands
}

function identifyBrands(brands: readonly string[]): Content {
  if (brands.includes('avif') || brands.includes('avis')) return { kind: 'picture', format: 'avif' }
  const heic = brands.find((brand) => heicBrands.has(brand))
  if (heic !== undefined) return { kind: 'heic', brand: heic }
  const major = brands[0] ?? ''
  // Brands of the container HEIF; what is inside it and is not AVIF is in practice HEVC.
  if (major === 'mif1' || major === 'msf1') return { kind: 'heic', brand: major }
  return { kind: 'other', name: major === 'crx ' ? 'a camera raw file' : `a film or another container of type "${major.trim()}"` }
}

/** The start of a file as text, whatever its Unicode encoding. */
function leadingText(bytes: Buffer): string {
  const start = bytes.subarray(0, 4096)
  const encoding = start[0] === 0xff && start[1] === 0xfe ? 'utf-16le' : start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding).decode(start).trimStart().toLowerCase()
}

function isSvg(bytes: Buffer): boolean {
  const text = leadingText(bytes)
  return text.startsWith('<?xml') || text.startsWith('<svg') || (text.startsWith('<!') && /<!doctype\s+svg|<svg/.test(text))
}

/** Identifies `bytes`, a whole file or at least its first 4 KiB. */
export function identifyContent(bytes: Buffer): Content {
  const head = bytes.toString('latin1', 0, 16)
  const picture = pictureMagics.find(([magic]) => head.startsWith(magic))
  if (picture !== undefined) return { kind: 'picture', format: picture[1] }
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return { kind: 'picture', format: 'webp' }
  const brands = fileTypeBrands(bytes)
  if (brands.length > 0) return identifyBrands(brands)
  const other = otherMagics.find(([magic]) => head.startsWith(magic))
  if (other !== undefined) return { kind: 'other', name: other[1] }
  return isSvg(bytes) ? { kind: 'other', name: 'an SVG' } : { kind: 'unknown' }
}
