/** @file The entries of a zip archive: checked against their local headers and each other, read with their checksum. */
import { crc32, createInflateRaw } from 'node:zlib'
import type { ByteSource } from '../bytes/byte-source'
import { archiveError, descriptorFlag, readZipDirectory, type ZipEntry } from './zip-directory'

/** An archive whose layout has been checked. Nothing of it is ever written to disk. */
export interface ZipArchive {
  readonly names: readonly string[]
  /** Uncompressed size in bytes, or undefined when there is no such entry. */
  sizeOf(name: string): number | undefined
  /**
   * The uncompressed bytes of one entry.
   * @throws EngineError MODEL_ARCHIVE when it is damaged or there is no such entry
   */
  read(name: string): Promise<Buffer>
}

interface Placed extends ZipEntry {
  readonly dataOffset: number
}

const localSize = 30
/** How far an inflating entry may run past its declared size before it is stopped. */
const inflateSlack = 1.05
/** Weights hardly compress; deflate itself reaches 1032. Small entries (constant vectors) may. */
const maximumRatio = 100
const alwaysAllowedBytes = 16 * 2 ** 20

/**
 * Opens a zip archive. Entries must begin at byte 0 and follow each other up to the directory without gaps or overlaps.
 * @throws EngineError MODEL_ARCHIVE
 */
export async function openZipArchive(source: ByteSource): Promise<ZipArchive> {
  const directory = await readZipDirectory(source)
  const sorted = [...directory.entries].sort((a, b) => a.headerOffset - b.headerOffset)
  const placed = new Map<string, Placed>()
  let expected = 0
  for (const [index, entry] of sorted.entries()) {
    if (entry.headerOffset !== expected)
      throw archiveError(
        source.name,
        `begins at byte ${entry.headerOffset}; ${expected} was expected (overlap, gap, or bytes before the archive)`,
        entry.name,
      )
    const end = sorted[index + 1]?.headerOffset ?? directory.offset
    const dataOffset = await readLocalHeader(source, entry, end)
    await checkDescriptor(source, entry, dataOffset + entry.compressedSize, end)
    placed.set(entry.name, { ...entry, dataOffset })
    expected = end
  }
  if (expected !== directory.offset) throw archiveError(source.name, `has ${directory.offset} bytes that belong to no entry`)

  return {
    names: directory.entries.map(({ name }) => name),
    sizeOf: (name) => placed.get(name)?.size,
    read: async (name) => {
      const entry = placed.get(name)
      if (entry === undefined) throw archiveError(source.name, 'is missing', name)
      return readEntry(source, entry)
    },
  }
}

/** The offset of the entry's data. Every field the local header repeats must be as in the directory. */
async function readLocalHeader(source: ByteSource, entry: ZipEntry, end: number): Promise<number> {
  const { name: path } = source
  if (entry.headerOffset + localSize > end) throw archiveError(path, 'has no room for its header', entry.name)
  const name = Buffer.from(entry.name)
  const field = await source.read(entry.headerOffset, Math.min(localSize + name.length, end - entry.headerOffset))
  const nameLength = field.readUInt16LE(26)
  const dataOffset = entry.headerOffset + localSize + nameLength + field.readUInt16LE(28)
  if (field.readUInt32LE(0) !== 0x04034b50) throw archiveError(path, 'has no header where the directory says', entry.name)
  if (dataOffset + entry.compressedSize > end) throw archiveError(path, `has ${entry.compressedSize} bytes and overlaps what follows`, entry.name)

  const streamed = (entry.flags & descriptorFlag) !== 0
  const repeats = (offset: number, value: number): boolean => {
    const found = field.readUInt32LE(offset)
    return found === value || found === 0xffffffff || (streamed && found === 0)
  }
  const same =
    field.readUInt16LE(6) === entry.flags &&
    field.readUInt16LE(8) === (entry.method === 'stored' ? 0 : 8) &&
    nameLength === name.length &&
    field.subarray(localSize).equals(name) &&
    (field.readUInt32LE(14) === entry.crc32 || (streamed && field.readUInt32LE(14) === 0)) &&
    repeats(18, entry.compressedSize) &&
    repeats(22, entry.size)
  if (!same) throw archiveError(path, 'has a header that contradicts the directory', entry.name)
  return dataOffset
}

/** Between an entry's data and the next entry there is nothing, or the sizes once more where a flag announces them. */
async function checkDescriptor(source: ByteSource, entry: ZipEntry, from: number, to: number): Promise<void> {
  const length = to - from
  const streamed = (entry.flags & descriptorFlag) !== 0
  if (length === 0 && !streamed) return
  const gap = streamed && length <= 24 ? await source.read(from, length) : Buffer.alloc(0)
  const body = gap.length >= 4 && gap.readUInt32LE(0) === 0x08074b50 ? gap.subarray(4) : gap
  const narrow = body.length === 12 && body.readUInt32LE(4) === entry.compressedSize && body.readUInt32LE(8) === entry.size
  const wide = body.length === 20 && body.readBigUInt64LE(4) === BigInt(entry.compressedSize) && body.readBigUInt64LE(12) === BigInt(entry.size)
  if (!(narrow || wide) || body.readUInt32LE(0) !== entry.crc32)
    throw archiveError(source.name, `is followed by ${length} bytes that are not its data descriptor`, entry.name)
}

async function readEntry(source: ByteSource, entry: Placed): Promise<Buffer> {
  if (entry.method === 'deflated' && entry.size > Math.max(alwaysAllowedBytes, maximumRatio * entry.compressedSize))
    throw archiveError(source.name, `claims ${entry.size} bytes out of ${entry.compressedSize} compressed ones`, entry.name)
  const compressed = await source.read(entry.dataOffset, entry.compressedSize)
  const bytes = entry.method === 'stored' ? compressed : await inflate(source.name, entry, compressed)
  if (crc32(bytes) !== entry.crc32) throw archiveError(source.name, 'is damaged: its checksum does not match', entry.name)
  return bytes
}

function inflate(path: string, entry: Placed, compressed: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const limit = Math.floor(entry.size * inflateSlack)
    const stream = createInflateRaw()
    const chunks: Buffer[] = []
    let total = 0
    const fail = (what: string): void => {
      stream.destroy()
      reject(archiveError(path, what, entry.name))
    }
    stream.on('data', (chunk: Buffer) => {
      total += chunk.length
      if (total > limit) fail(`inflates past its declared ${entry.size} bytes`)
      else chunks.push(chunk)
    })
    stream.on('error', () => {
      fail('cannot be inflated')
    })
    stream.on('end', () => {
      if (total !== entry.size || stream.bytesWritten !== compressed.length) fail(`inflates to ${total} bytes; ${entry.size} are declared`)
      else resolve(Buffer.concat(chunks, total))
    })
    stream.end(compressed)
  })
}
