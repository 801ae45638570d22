/** @file Numbers under the contents that they are of, in one file that only grows: a record is added in the time that it takes alone, and a damaged one is passed by. */
import { crc32 } from 'node:zlib'
import { isEngineError } from '../../contract'
import { appendRecords, openRegularFile } from '../../files'
import { elementsOf } from '../../tensor'

export interface ContentRows {
  /** Rows that are whole, oldest first; of one content the last counts. @param among contents that are wanted, all where it is left out @throws EngineError SOURCE_UNAVAILABLE, NOT_A_FILE */
  scan(among?: { has(hash: string): boolean }): AsyncGenerator<readonly [hash: string, row: Float32Array]>
  /** On the disk when it resolves. @throws EngineError DISK */
  append(rows: ReadonlyMap<string, Float32Array>): Promise<void>
}

const hashBytes = 32
const checkBytes = 4
/** About what is read at once. */
const readBytes = 2 ** 20

/** sha256 of the content, float32 [width], CRC-32 of both; all little-endian. */
function encode(rows: ReadonlyMap<string, Float32Array>, recordBytes: number): Buffer {
  const records = Buffer.alloc(rows.size * recordBytes)
  let at = 0
  for (const [hash, row] of rows) {
    records.write(hash, at, hashBytes, 'hex')
    records.set(new Uint8Array(row.buffer, row.byteOffset, row.byteLength), at + hashBytes)
    records.writeUInt32LE(crc32(records.subarray(at, at + recordBytes - checkBytes)), at + recordBytes - checkBytes)
    at += recordBytes
  }
  return records
}

/** @param width numbers of a row; another width needs another file */
export function createContentRows(path: string, width: number): ContentRows {
  const recordBytes = hashBytes + 4 * width + checkBytes
  const recordsAtOnce = Math.max(1, Math.floor(readBytes / recordBytes))
  let last: Promise<unknown> = Promise.resolve()
  return {
    scan: async function* (among) {
      const handle = await openRegularFile(path).catch((error: unknown) => {
        if (isEngineError(error, 'SOURCE_UNAVAILABLE') && (error.cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      })
      if (handle === undefined) return
      try {
        const records = Buffer.alloc(recordsAtOnce * recordBytes)
        for (let position = 0; ; ) {
          const { bytesRead } = await handle.read(records, 0, records.length, position)
          const whole = bytesRead - (bytesRead % recordBytes)
          if (whole === 0) return
          position += whole
          for (let at = 0; at < whole; at += recordBytes) {
            const end = at + recordBytes - checkBytes
            const hash = records.toString('hex', at, at + hashBytes)
            if (among?.has(hash) === false || crc32(records.subarray(at, end)) !== records.readUInt32LE(end)) continue
            yield [hash, elementsOf('float32', Uint8Array.from(records.subarray(at + hashBytes, end)))]
          }
        }
      } finally {
        await handle.close()
      }
    },
    append: (rows) => {
      if (rows.size === 0) return Promise.resolve()
      const records = encode(rows, recordBytes)
      // One after the other: a record would be cut off for a torn one while it is still being written.
      const added = last.then(() => appendRecords(path, recordBytes, records))
      last = added.catch(() => undefined)
      return added
    },
  }
}
