/** @file File names that may be any bytes: how they are shown, how they become paths, which belong to pictures. */
import { isUtf8 } from 'node:buffer'
import { sep } from 'node:path'
import type { FilePath } from '../files'

/**
 * A name as the file system keeps it, one character per byte (Latin-1). So no name is lost, and plain ASCII, which nearly
 * all names are, costs nothing.
 */
export type RawName = string

const beyondAscii = /[\x80-\xff]/g
const beyondShown = /[^\0-\x7f]/

/**
 * A name for eyes and for exports: UTF-8 where it is that, `\xE9` for each foreign byte where it is not. A backslash in the
 * name itself is doubled, so that every shown name stands for one name only.
 */
export function showName(raw: RawName): string {
  const escaped = raw.replaceAll('\\', '\\\\')
  if (escaped.search(beyondAscii) === -1) return escaped
  const bytes = Buffer.from(escaped, 'latin1')
  if (isUtf8(bytes)) return bytes.toString('utf8')
  return escaped.replace(beyondAscii, (byte) => `\\x${byte.charCodeAt(0).toString(16).toUpperCase()}`)
}

const shownEscape = /\\(?:\\|x([89A-F][0-9A-F]))/g

/** The name that {@link showName} shows as `shown`, and no other. */
export function rawName(shown: string): RawName {
  let foreign = false
  const unescaped = shown.replace(shownEscape, (_, hex: string | undefined) => {
    if (hex === undefined) return '\\'
    foreign = true
    return String.fromCharCode(Number.parseInt(hex, 16))
  })
  // Foreign bytes are only escaped in names that are not UTF-8, and of those every byte beyond ASCII is.
  return foreign || unescaped.search(beyondShown) === -1 ? unescaped : Buffer.from(unescaped, 'utf8').toString('latin1')
}

/** The path of `raw` in `folder`: a string wherever that names the same file, else bytes. */
export function childPath(folder: FilePath, raw: RawName): FilePath {
  const name = Buffer.from(raw, 'latin1')
  if (typeof folder === 'string' && isUtf8(name)) return folder + sep + name.toString('utf8')
  return Buffer.concat([Buffer.from(folder), Buffer.from(sep), name])
}

const extensions = 'jpe?g|jpe|jfif|a?png|webp|gif|tiff?|avif|heic|heif|hif|svg|bmp|jxl|jp2'
// A suffix in brackets is how image tools write options, and so how hostile and exported files are named.
const pictureName = new RegExp(`\\.(?:${extensions})(?:\\[[^\\]]*\\])?$`, 'i')

/** Whether a name promises a picture, of a format we decode or of one we can tell people about. */
export function isPictureName(raw: RawName): boolean {
  return pictureName.test(raw) && !raw.startsWith('._')
}

/** Hidden folders hold caches and histories, not somebody's pictures. */
export function isHiddenName(raw: RawName): boolean {
  return raw.startsWith('.')
}

/** A key by which names sort as people count: `img2` before `img10`, case aside. Compare with `<`. */
export function naturalKey(shown: string): string {
  const folded = shown.normalize('NFKD').toLowerCase()
  // The number's length goes first, so that longer numbers sort behind shorter ones.
  return folded.replace(/\d+/g, (digits) => {
    const number = digits.replace(/^0+(?=\d)/, '')
    return String.fromCharCode(0x30 + Math.min(number.length, 0x1000)) + number
  })
}
