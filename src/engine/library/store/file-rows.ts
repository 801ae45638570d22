/** @file Files as rows of their table: each with a check over all that is said of it. */
import { hash } from 'node:crypto'
import type { Data, RecordBatch } from 'apache-arrow'
import { bytesOf, fixedBytes, fixedBytesOf, float64, float64Of, textReader, texts, uint32, uint32Of, type ByteColumn } from './columns'
import type { NewRows } from './keyed-table'
import { cellsCheck, type Cells } from './row-check'
import type { StoredFile } from './store'

/** Bytes of a key. */
export const fileKeyBytes = 16
const hashBytes = 32
const lookBytes = 8

/** Columns of the table besides the key, as they are checked. Zeros stand for a hash or look that is not known, nothing for no problem. */
const textColumns = ['root', 'path', 'problem_code', 'problem_reason'] as const
const fixedColumns = { size: 8, modified: 8, width: 4, height: 4, hash: hashBytes, look: lookBytes } as const
export const fileColumns: readonly string[] = [...textColumns, ...Object.keys(fixedColumns), 'check']

/** The key of a file: of its root and its path below it. */
export function fileKey(root: string, relativePath: string): string {
  return hash('sha256', `${root}\0${relativePath}`).slice(0, fileKeyBytes * 2)
}

function fixedCells({ buffer, byteOffset, byteLength }: ArrayBufferView, width: number): Cells {
  return { data: new Uint8Array(buffer, byteOffset, byteLength), width }
}

/** The cells of columns in the order of `fileColumns`, to be checked. */
function cellsOf(text: (column: string) => ByteColumn, fixed: (column: string) => ArrayBufferView): readonly Cells[] {
  return [...textColumns.map(text), ...Object.entries(fixedColumns).map(([column, width]) => fixedCells(fixed(column), width))]
}

function hexBytes(values: readonly (string | undefined)[], width: number): Buffer {
  const none = '0'.repeat(width * 2)
  return Buffer.from(values.map((value) => value ?? none).join(''), 'hex')
}

export function encodeFiles(files: readonly StoredFile[]): NewRows {
  const columns: Readonly<Record<string, Data>> = {
    root: texts(files.map(({ root }) => root)),
    path: texts(files.map(({ relativePath }) => relativePath)),
    problem_code: texts(files.map(({ problemCode }) => problemCode ?? '')),
    problem_reason: texts(files.map(({ problemReason }) => problemReason ?? '')),
    size: float64(Float64Array.from(files, ({ sizeBytes }) => sizeBytes)),
    modified: float64(Float64Array.from(files, ({ modifiedMs }) => modifiedMs)),
    width: uint32(Uint32Array.from(files, ({ width }) => width)),
    height: uint32(Uint32Array.from(files, ({ height }) => height)),
    hash: fixedBytes(hexBytes(files.map((file) => file.hash), hashBytes), hashBytes),
    look: fixedBytes(hexBytes(files.map((file) => file.look), lookBytes), lookBytes),
  }
  const cells = cellsOf(
    (column) => ({ offsets: columns[column]!.valueOffsets as Int32Array, data: columns[column]!.values as Buffer }),
    (column) => columns[column]!.values as ArrayBufferView,
  )
  return {
    keys: files.map(({ root, relativePath }) => fileKey(root, relativePath)),
    columns: { ...columns, check: uint32(Uint32Array.from(files, (_, row) => cellsCheck(cells, row))) },
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

/** Whether cells of texts hold exactly `text`, row by row. */
function textMatcher({ data, offsets }: ByteColumn, text: string): (row: number) => boolean {
  const wanted = Buffer.from(text)
  return (row) => wanted.compare(data, offsets[row], offsets[row + 1]) === 0
}

/** Rows of a batch that lie in `root`; of those that are damaged, the places in the batch go to `damaged`. */
export function decodeFiles(batch: RecordBatch, root: string, damaged: number[]): readonly StoredFile[] {
  const isInRoot = textMatcher(bytesOf(batch, 'root'), root)
  const [path, problemCode, problemReason] = ['path', 'problem_code', 'problem_reason'].map((column) => textReader(bytesOf(batch, column)))
  const [size, modified] = ['size', 'modified'].map((column) => float64Of(batch, column))
  const [width, height, check] = ['width', 'height', 'check'].map((column) => uint32Of(batch, column))
  const [hashOf, lookOf] = [hexReader(fixedBytesOf(batch, 'hash'), hashBytes), hexReader(fixedBytesOf(batch, 'look'), lookBytes)]
  const numbers: Readonly<Record<string, ArrayBufferView>> = { size: size!, modified: modified!, width: width!, height: height! }
  const cells = cellsOf((column) => bytesOf(batch, column), (column) => numbers[column] ?? fixedBytesOf(batch, column))
  const files: StoredFile[] = []
  for (let row = 0; row < batch.numRows; row++) {
    if (!isInRoot(row)) continue
    if (cellsCheck(cells, row) !== check![row]) {
      damaged.push(row)
      continue
    }
    files.push({
      root,
      relativePath: path!(row),
      sizeBytes: size![row]!,
      modifiedMs: modified![row]!,
      hash: hashOf(row),
      width: width![row]!,
      height: height![row]!,
      look: lookOf(row),
      problemCode: orUndefined(problemCode!(row)),
      problemReason: orUndefined(problemReason!(row)),
    })
  }
  return files
}
