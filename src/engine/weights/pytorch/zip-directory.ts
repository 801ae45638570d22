/** @file The central directory of a zip archive, read strictly: nothing before, between or behind what it lists. */
import { EngineError } from '../../contract'
import type { ByteSource } from '../bytes/byte-source'
import { printable } from '../bytes/printable'

/** One file of an archive as the central directory describes it. */
export interface ZipEntry {
  readonly name: string
  readonly method: 'stored' | 'deflated'
  readonly flags: number
  readonly crc32: number
  readonly compressedSize: number
  readonly size: number
  readonly headerOffset: number
}

export interface ZipDirectory {
  readonly entries: readonly ZipEntry[]
  /** Where the central directory begins, which is where the last entry must end. */
  readonly offset: number
}

/** Sizes follow the data of an entry instead of standing in its local header. */
export const descriptorFlag = 0x8
const utf8Flag = 0x800
/** How hard a deflater tried; says nothing about the data. */
const deflateLevelFlags = 0x6

const endSize = 22
const end64Size = 56
const locatorSize = 20
const centralSize = 46
const maximumDirectoryBytes = 32 * 2 ** 20
const maximumEntries = 20_000
const maximumNameBytes = 1024

/** An error about an archive as a whole or one of its entries. */
export function archiveError(path: string, what: string, entry?: string): EngineError {
  const subject = entry === undefined ? path : `${path}: entry ${printable(entry)}`
  return new EngineError('MODEL_ARCHIVE', `${subject} ${what}`, { detail: { path, entry } })
}

/**
 * Reads the central directory. A comment, a second volume, encrypted or patched entries, names that leave the archive
 * and names that occur twice are refused.
 * @throws EngineError MODEL_ARCHIVE
 */
export async function readZipDirectory(source: ByteSource): Promise<ZipDirectory> {
  const { count, size, offset } = await readEnd(source)
  if (count > maximumEntries) throw archiveError(source.name, `claims ${count} entries; at most ${maximumEntries} are read`)
  if (size > maximumDirectoryBytes) throw archiveError(source.name, `claims a directory of ${size} bytes; at most ${maximumDirectoryBytes} are read`)
  const bytes = await source.read(offset, size)
  const entries: ZipEntry[] = []
  const names = new Set<string>()
  let position = 0
  for (let index = 0; index < count; index++) {
    const { entry, next } = readCentralHeader(source.name, bytes, position)
    if (names.has(entry.name)) throw archiveError(source.name, 'occurs twice', entry.name)
    names.add(entry.name)
    entries.push(entry)
    position = next
  }
  if (position !== bytes.length) throw archiveError(source.name, `has ${bytes.length - position} bytes in its directory that belong to no entry`)
  return { entries, offset }
}

interface End {
  readonly count: number
  readonly size: number
  readonly offset: number
}

async function readEnd(source: ByteSource): Promise<End> {
  const { name, size: fileSize } = source
  if (fileSize < endSize) throw archiveError(name, `has ${fileSize} bytes, too few for a zip archive`)
  const tailSize = Math.min(fileSize, endSize + locatorSize + end64Size)
  const tail = await source.read(fileSize - tailSize, tailSize)
  const end = tail.subarray(tailSize - endSize)
  if (end.readUInt32LE(0) !== 0x06054b50) throw archiveError(name, 'does not end with a zip directory: it is cut off, or something follows it')
  if (end.readUInt16LE(20) !== 0) throw archiveError(name, 'has an archive comment')
  if (end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0) throw archiveError(name, 'is one volume of several')
  const short = { onDisk: end.readUInt16LE(8), count: end.readUInt16LE(10), size: end.readUInt32LE(12), offset: end.readUInt32LE(16) }

  const locator = tail.subarray(Math.max(0, tailSize - endSize - locatorSize), tailSize - endSize)
  const has64 = locator.length === locatorSize && locator.readUInt32LE(0) === 0x07064b50
  const result = has64 ? readEnd64(name, fileSize, tail, locator, short) : short
  const directoryEnd = fileSize - endSize - (has64 ? locatorSize + end64Size : 0)
  if (result.onDisk !== result.count) throw archiveError(name, 'is one volume of several')
  if (result.offset + result.size !== directoryEnd)
    throw archiveError(name, `has its directory at bytes ${result.offset} to ${result.offset + result.size}; it should end at ${directoryEnd}`)
  return result
}

function readEnd64(
  name: string,
  fileSize: number,
  tail: Buffer,
  locator: Buffer,
  short: End & { readonly onDisk: number },
): End & { readonly onDisk: number } {
  const position = fileSize - endSize - locatorSize - end64Size
  if (position < 0 || locator.readBigUInt64LE(8) !== BigInt(position))
    throw archiveError(name, 'has a zip64 locator that does not point at the record before it')
  const end = tail.subarray(0, end64Size)
  if (end.readUInt32LE(0) !== 0x06064b50 || end.readBigUInt64LE(4) !== BigInt(end64Size - 12))
    throw archiveError(name, 'has a damaged zip64 end record')
  if (end.readUInt32LE(16) !== 0 || end.readUInt32LE(20) !== 0 || locator.readUInt32LE(4) !== 0) throw archiveError(name, 'is one volume of several')
  const wide = {
    onDisk: safe(name, end.readBigUInt64LE(24)),
    count: safe(name, end.readBigUInt64LE(32)),
    size: safe(name, end.readBigUInt64LE(40)),
    offset: safe(name, end.readBigUInt64LE(48)),
  }
  const agrees = (narrow: number, value: number, unset: number): boolean => narrow === unset || narrow === value
  if (
    !agrees(short.onDisk, wide.onDisk, 0xffff) ||
    !agrees(short.count, wide.count, 0xffff) ||
    !agrees(short.size, wide.size, 0xffffffff) ||
    !agrees(short.offset, wide.offset, 0xffffffff)
  )
    throw archiveError(name, 'has two end records that contradict each other')
  return wide
}

function readCentralHeader(path: string, bytes: Buffer, position: number): { entry: ZipEntry; next: number } {
  if (position + centralSize > bytes.length || bytes.readUInt32LE(position) !== 0x02014b50) throw archiveError(path, 'has a damaged directory')
  const field = bytes.subarray(position, position + centralSize)
  const nameEnd = position + centralSize + field.readUInt16LE(28)
  const extraEnd = nameEnd + field.readUInt16LE(30)
  const next = extraEnd + field.readUInt16LE(32)
  if (next > bytes.length) throw archiveError(path, 'has a damaged directory')
  const name = readName(path, bytes.subarray(position + centralSize, nameEnd))
  const flags = field.readUInt16LE(8)
  const methodNumber = field.readUInt16LE(10)
  const allowed = descriptorFlag | utf8Flag | (methodNumber === 8 ? deflateLevelFlags : 0)
  if ((flags & ~allowed) !== 0)
    throw archiveError(path, `has flag bits 0x${(flags & ~allowed).toString(16)}: encrypted, patched or of an unknown kind`, name)
  if (methodNumber !== 0 && methodNumber !== 8) throw archiveError(path, `uses compression method ${methodNumber}; 0 and 8 are read`, name)
  if (field.readUInt16LE(34) !== 0) throw archiveError(path, 'lies on another volume', name)

  const wide = readZip64(path, name, bytes.subarray(nameEnd, extraEnd), [field.readUInt32LE(24), field.readUInt32LE(20), field.readUInt32LE(42)])
  const [size = 0, compressedSize = 0, headerOffset = 0] = wide
  const method = methodNumber === 0 ? 'stored' : 'deflated'
  if (method === 'stored' && size !== compressedSize)
    throw archiveError(path, `is stored, yet has ${compressedSize} bytes for a size of ${size}`, name)
  return { entry: { name, method, flags, crc32: field.readUInt32LE(16), compressedSize, size, headerOffset }, next }
}

/** Replaces the values that say "see the zip64 field" by what stands there, in the order the format fixes. */
function readZip64(path: string, name: string, extra: Buffer, narrow: readonly number[]): number[] {
  let field: Buffer | undefined
  for (let position = 0; position < extra.length;) {
    if (position + 4 > extra.length || position + 4 + extra.readUInt16LE(position + 2) > extra.length)
      throw archiveError(path, 'has a damaged extra field', name)
    const end = position + 4 + extra.readUInt16LE(position + 2)
    if (extra.readUInt16LE(position) === 1) {
      if (field !== undefined) throw archiveError(path, 'has two zip64 fields', name)
      field = extra.subarray(position + 4, end)
    }
    position = end
  }
  let used = 0
  return narrow.map((value) => {
    if (value !== 0xffffffff) return value
    if (field === undefined || used + 8 > field.length) throw archiveError(path, 'lacks its zip64 field', name)
    used += 8
    return safe(path, field.readBigUInt64LE(used - 8))
  })
}

function readName(path: string, bytes: Buffer): string {
  if (bytes.length > maximumNameBytes) throw archiveError(path, `has an entry whose name is ${bytes.length} bytes long`)
  let name: string
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw archiveError(path, 'has an entry whose name is not UTF-8')
  }
   
  const unsafe =
    /[\u0000-\u001f\\:]/.test(name) ||
    name.split('/').some((part, index, parts) => part === '..' || part === '.' || (part === '' && index < parts.length - 1))
  if (unsafe || name === '') throw archiveError(path, 'has a name that could lead out of the archive', name)
  return name
}

function safe(path: string, value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw archiveError(path, `claims ${value} bytes or entries`)
  return Number(value)
}
