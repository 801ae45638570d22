/** @file Files as rows of their table: each with a check over all that is said of it. */
import { hash } from 'node:crypto'
import type { RecordBatch } from 'apache-arrow'
import { bytesOf, fixedBytes, fixedBytesOf, float64, uint32Of, float64Of, textReader, texts, uint32, type ByteColumn } from './columns'
import type { NewRows } from './keyed-table'
import { rowCheck } from './row-check'
import type { StoredFile } from './store'

/** Bytes of a key. */
export const fileKeyBytes = 16
const hashBytes = 32
const lookBytes = 8

const textColumns = ['root', 'path', 'problem_code', 'problem_reason'] as const
/** Columns of the table besides the key. Zeros stand for a hash or a look that is not known, as empty does for a problem. */
export const fileColumns = [...textColumns, 'size', 'modified', 'width', 'height', 'hash', 'look', 'check'] as const

/** The key of a file: of its root and its path below it. */
export function fileKey(root: string, relativePath: string): string {
  return hash('sha256', `${root}\0${relativePath}`).slice(0, fileKeyBytes * 2)
}

/** What the numbers, hash and look of a row are checked by, in 72 bytes that are used for one row after the other. */
function createFixedPart(): { readonly bytes: Buffer; set(size: number, modified: number, width: number, height: number, hash: Uint8Array, look: Uint8Array): void } {
  const bytes = Buffer.alloc(16 + 8 + hashBytes + lookBytes)
  return {
    bytes,
    set: (size, modified, width, height, hash, look) => {
      bytes.writeDoubleLE(size, 0)
      bytes.writeDoubleLE(modified, 8)
      bytes.writeUInt32LE(width, 16)
      bytes.writeUInt32LE(height, 20)
      bytes.set(hash, 24)
      bytes.set(look, 24 + hashBytes)
    },
  }
}

const separator = Buffer.from([0])

function checkOf(fixed: Uint8Array, texts: readonly Uint8Array[]): number {
  return rowCheck(fixed, ...texts.flatMap((text) => [text, separator]))
}

function hexBytes(values: readonly (string | undefined)[], width: number): Buffer {
  const none = '0'.repeat(width * 2)
  return Buffer.from(values.map((value) => value ?? none).join(''), 'hex')
}

export function encodeFiles(files: readonly StoredFile[]): NewRows {
  const text = {
    root: files.map(({ root }) => Buffer.from(root)),
    path: files.map(({ relativePath }) => Buffer.from(relativePath)),
    problem_code: files.map(({ problemCode }) => Buffer.from(problemCode ?? '')),
    problem_reason: files.map(({ problemReason }) => Buffer.from(problemReason ?? '')),
  }
  const hash = hexBytes(files.map((file) => file.hash), hashBytes)
  const look = hexBytes(files.map((file) => file.look), lookBytes)
  const fixed = createFixedPart()
  const checks = files.map(({ sizeBytes, modifiedMs, width, height }, row) => {
    fixed.set(sizeBytes, modifiedMs, width, height, hash.subarray(row * hashBytes, (row + 1) * hashBytes), look.subarray(row * lookBytes, (row + 1) * lookBytes))
    return checkOf(fixed.bytes, textColumns.map((column) => text[column][row]!))
  })
  return {
    keys: files.map(({ root, relativePath }) => fileKey(root, relativePath)),
    columns: {
      root: texts(text.root),
      path: texts(text.path),
      problem_code: texts(text.problem_code),
      problem_reason: texts(text.problem_reason),
      size: float64(Float64Array.from(files, ({ sizeBytes }) => sizeBytes)),
      modified: float64(Float64Array.from(files, ({ modifiedMs }) => modifiedMs)),
      width: uint32(Uint32Array.from(files, ({ width }) => width)),
      height: uint32(Uint32Array.from(files, ({ height }) => height)),
      hash: fixedBytes(hash, hashBytes),
      look: fixedBytes(look, lookBytes),
      check: uint32(Uint32Array.from(checks)),
    },
  }
}

function hexReader(bytes: Buffer, width: number): (row: number) => string | undefined {
  const all = bytes.toString('hex')
  const none = '0'.repeat(width * 2)
  return (row) => {
    const value = all.slice(row * width * 2, (row + 1) * width * 2)
    return value === none ? undefined : value
  }
}

function orUndefined(text: string): string | undefined {
  return text === '' ? undefined : text
}

/** Rows of a batch that lie in `root`; of those that are damaged, the numbers in the batch go to `damaged`. */
export function decodeFiles(batch: RecordBatch, root: string, damaged: number[]): readonly StoredFile[] {
  const columns = textColumns.map((column): ByteColumn => bytesOf(batch, column))
  const [roots, ...others] = columns as [ByteColumn, ...ByteColumn[]]
  const [readPath, readCode, readReason] = others.map(textReader) as [(row: number) => string, (row: number) => string, (row: number) => string]
  const sizes = float64Of(batch, 'size')
  const times = float64Of(batch, 'modified')
  const widths = uint32Of(batch, 'width')
  const heights = uint32Of(batch, 'height')
  const checks = uint32Of(batch, 'check')
  const [hashes, looks] = [fixedBytesOf(batch, 'hash'), fixedBytesOf(batch, 'look')]
  const [readHash, readLook] = [hexReader(hashes, hashBytes), hexReader(looks, lookBytes)]
  const rootBytes = Buffer.from(root)
  const fixed = createFixedPart()
  const files: StoredFile[] = []
  for (let row = 0; row < batch.numRows; row++) {
    if (!roots.data.subarray(roots.offsets[row], roots.offsets[row + 1]).equals(rootBytes)) continue
    fixed.set(sizes[row]!, times[row]!, widths[row]!, heights[row]!, hashes.subarray(row * hashBytes, (row + 1) * hashBytes), looks.subarray(row * lookBytes, (row + 1) * lookBytes))
    if (checkOf(fixed.bytes, columns.map(({ data, offsets }) => data.subarray(offsets[row], offsets[row + 1]))) !== checks[row]) {
      damaged.push(row)
      continue
    }
    files.push({
      root,
      relativePath: readPath(row),
      sizeBytes: sizes[row]!,
      modifiedMs: times[row]!,
      hash: readHash(row),
      width: widths[row]!,
      height: heights[row]!,
      look: readLook(row),
      problemCode: orUndefined(readCode(row)),
      problemReason: orUndefined(readReason(row)),
    })
  }
  return files
}
