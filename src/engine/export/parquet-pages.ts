/** @file Columns of one row group as Parquet pages. Source: apache/parquet-format, Encodings.md and src/main/thrift/parquet.thrift. */
import { boolean, encodeThrift, i32, struct, varint } from './thrift'

/** What a column chunk consists of, and what the footer must know of it. */
export interface ColumnChunk {
  /** Whole pages with their headers, dictionary first. */
  readonly pages: readonly Uint8Array[]
  /** Values, of a list its elements. */
  readonly values: number
  readonly encodings: readonly number[]
  /** Bytes of the dictionary page, 0 where there is none. */
  readonly dictionaryBytes: number
}

export const encodings = { plain: 0, rle: 3, rleDictionary: 8 } as const
const pageTypes = { data: 0, dictionary: 2 } as const

/** PLAIN strings: length and bytes. */
export function plainStrings(values: readonly string[]): Uint8Array {
  const parts = values.map((value) => Buffer.from(value, 'utf8'))
  const bytes = Buffer.alloc(parts.reduce((sum, { length }) => sum + 4 + length, 0))
  let offset = 0
  for (const part of parts) {
    offset = bytes.writeUInt32LE(part.length, offset)
    offset += part.copy(bytes, offset)
  }
  return bytes
}

/** One run of the RLE / bit-packing hybrid for values of at most 8 bits, or 16 and so on by `width` in bytes. */
function run(count: number, value: number, width: number): number[] {
  return [...varint(count * 2), ...Array.from({ length: width }, (_, byte) => (value >>> (8 * byte)) & 0xff)]
}

/** Equal neighbours as runs. */
function runs(values: ArrayLike<number>, width: number): number[] {
  const bytes: number[] = []
  for (let start = 0; start < values.length; ) {
    const value = values[start] ?? 0
    let end = start + 1
    while (end < values.length && values[end] === value) end++
    for (const byte of run(end - start, value, width)) bytes.push(byte)
    start = end
  }
  return bytes
}

/** Levels of a data page (version 1): their length in four bytes, then runs. */
function levels(bytes: readonly number[]): Uint8Array {
  const result = Buffer.alloc(4 + bytes.length)
  result.writeUInt32LE(bytes.length)
  result.set(bytes, 4)
  return result
}

function dataPage(values: number, encoding: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const size = parts.reduce((sum, { length }) => sum + length, 0)
  const header = struct([1, i32(pageTypes.data)], [2, i32(size)], [3, i32(size)], [5, struct([1, i32(values)], [2, i32(encoding)], [3, i32(encodings.rle)], [4, i32(encodings.rle)])])
  return [encodeThrift(header), ...parts]
}

/** A required column of plain values. */
export function plainColumn(values: number, bytes: Uint8Array): ColumnChunk {
  return { pages: dataPage(values, encodings.plain, [bytes]), values, encodings: [encodings.plain], dictionaryBytes: 0 }
}

const bytesOf = (numbers: Float32Array | Int32Array): Uint8Array => new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)

/** A required FLOAT column. */
export function floatColumn(values: Float32Array): ColumnChunk {
  return plainColumn(values.length, bytesOf(values))
}

/** A required INT32 column. */
export function int32Column(values: Int32Array): ColumnChunk {
  return plainColumn(values.length, bytesOf(values))
}

/** A required string column: each different text once, where that pays, and runs of their numbers. */
export function stringColumn(values: readonly string[]): ColumnChunk {
  const distinct = new Map<string, number>()
  for (const value of values) if (!distinct.has(value)) distinct.set(value, distinct.size)
  if (distinct.size * 2 > values.length && distinct.size > 1) return plainColumn(values.length, plainStrings(values))
  const body = plainStrings([...distinct.keys()])
  const header = struct([1, i32(pageTypes.dictionary)], [2, i32(body.length)], [3, i32(body.length)], [7, struct([1, i32(distinct.size)], [2, i32(encodings.plain)], [3, boolean(false)])])
  const dictionary = [encodeThrift(header), body]
  const bitWidth = Math.ceil(Math.log2(Math.max(2, distinct.size)))
  const numbers = values.map((value) => distinct.get(value) ?? 0)
  const indices = Uint8Array.from([bitWidth, ...runs(numbers, Math.ceil(bitWidth / 8))])
  return {
    pages: [...dictionary, ...dataPage(values.length, encodings.rleDictionary, [indices])],
    values: values.length,
    encodings: [encodings.plain, encodings.rle, encodings.rleDictionary],
    dictionaryBytes: dictionary.reduce((sum, { length }) => sum + length, 0),
  }
}

/**
 * A required list of `dim` required floats in each row: repetition level 0 begins a row, definition level 1 says that there is something.
 * @param vectors float32 [rows, dim], dim ≥ 1
 */
export function vectorColumn(vectors: Float32Array, dim: number): ColumnChunk {
  const rows = vectors.length / dim
  const row = [...run(1, 0, 1), ...(dim > 1 ? run(dim - 1, 1, 1) : [])]
  const repetition: number[] = []
  for (let index = 0; index < rows; index++) for (const byte of row) repetition.push(byte)
  const parts = [levels(repetition), levels(vectors.length === 0 ? [] : run(vectors.length, 1, 1)), bytesOf(vectors)]
  return { pages: dataPage(vectors.length, encodings.plain, parts), values: vectors.length, encodings: [encodings.plain, encodings.rle], dictionaryBytes: 0 }
}
