/** @file Writes zip archives field by field, honest ones and others. */
import { crc32, deflateRawSync } from 'node:zlib'

/** The fields that stand in both headers. */
export interface ZipFields {
  readonly name: string
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly compressedSize: number
  readonly size: number
}

export interface ZipFile {
  readonly name: string
  readonly data: Buffer
  readonly deflate?: boolean
  /** Bytes of padding in the local header, as torch aligns its records. */
  readonly padding?: number
  /** Bytes between this entry and the next. */
  readonly gap?: number
  /** What the local header says instead of the truth. */
  readonly local?: Partial<ZipFields>
  /** What the directory says instead of the truth. */
  readonly central?: Partial<ZipFields> & { readonly offset?: number }
}

export interface ZipOptions {
  readonly prefix?: Buffer
  readonly suffix?: Buffer
  readonly comment?: string
  /** Writes the zip64 end records, as torch does. */
  readonly zip64?: boolean
}

/** An archive of the given files. */
export function writeZip(
  files: readonly ZipFile[],
  { prefix = Buffer.alloc(0), suffix = Buffer.alloc(0), comment = '', zip64 = false }: ZipOptions = {},
): Buffer {
  const parts: Buffer[] = [prefix]
  const directory: Buffer[] = []
  let offset = prefix.length
  for (const file of files) {
    const stored = file.deflate === true ? deflateRawSync(file.data) : file.data
    const truth: ZipFields = {
      name: file.name,
      flags: 0,
      method: file.deflate === true ? 8 : 0,
      crc: crc32(file.data),
      compressedSize: stored.length,
      size: file.data.length,
    }
    const entry = Buffer.concat([localHeader({ ...truth, ...file.local }, file.padding ?? 0), stored, Buffer.alloc(file.gap ?? 0)])
    directory.push(centralHeader({ ...truth, offset, ...file.central }))
    parts.push(entry)
    offset += entry.length
  }
  const central = Buffer.concat(directory)
  return Buffer.concat([
    ...parts,
    central,
    ...(zip64 ? [end64(files.length, central.length, offset)] : []),
    end(files.length, central.length, offset, comment),
    suffix,
  ])
}

function localHeader({ name, flags, method, crc, compressedSize, size }: ZipFields, padding: number): Buffer {
  const text = Buffer.from(name)
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(flags, 6)
  header.writeUInt16LE(method, 8)
  header.writeUInt32LE(crc, 14)
  header.writeUInt32LE(compressedSize, 18)
  header.writeUInt32LE(size, 22)
  header.writeUInt16LE(text.length, 26)
  header.writeUInt16LE(padding, 28)
  return Buffer.concat([header, text, Buffer.alloc(padding, 'Z')])
}

function centralHeader({ name, flags, method, crc, compressedSize, size, offset }: ZipFields & { readonly offset: number }): Buffer {
  const text = Buffer.from(name)
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(flags, 8)
  header.writeUInt16LE(method, 10)
  header.writeUInt32LE(crc, 16)
  header.writeUInt32LE(compressedSize, 20)
  header.writeUInt32LE(size, 24)
  header.writeUInt16LE(text.length, 28)
  header.writeUInt32LE(offset, 42)
  return Buffer.concat([header, text])
}

function end64(count: number, size: number, offset: number): Buffer {
  const record = Buffer.alloc(56 + 20)
  record.writeUInt32LE(0x06064b50, 0)
  record.writeBigUInt64LE(44n, 4)
  record.writeBigUInt64LE(BigInt(count), 24)
  record.writeBigUInt64LE(BigInt(count), 32)
  record.writeBigUInt64LE(BigInt(size), 40)
  record.writeBigUInt64LE(BigInt(offset), 48)
  record.writeUInt32LE(0x07064b50, 56)
  record.writeBigUInt64LE(BigInt(offset + size), 64)
  record.writeUInt32LE(1, 72)
  return record
}

function end(count: number, size: number, offset: number, comment: string): Buffer {
  const record = Buffer.alloc(22)
  record.writeUInt32LE(0x06054b50, 0)
  record.writeUInt16LE(count, 8)
  record.writeUInt16LE(count, 10)
  record.writeUInt32LE(size, 12)
  record.writeUInt32LE(offset, 16)
  record.writeUInt16LE(comment.length, 20)
  return Buffer.concat([record, Buffer.from(comment)])
}
