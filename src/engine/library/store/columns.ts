/** @file Columns of a table, to and from memory, without an object for each row. */
import { isAscii } from 'node:buffer'
import type { Data, Field, RecordBatch, Schema, Table } from 'apache-arrow'
import { arrow } from './lance'

type Columns = Readonly<Record<string, Data>>

/** Fixed number of bytes in each row. @param bytes uint8 [rows, width] */
export function fixedBytes(bytes: Uint8Array, width: number): Data {
  return arrow.makeData({ type: new arrow.FixedSizeBinary(width), length: bytes.length / width, nullCount: 0, data: bytes })
}

/** @param values float32 [rows, dim] */
export function vectors(values: Float32Array, dim: number): Data {
  const child = arrow.makeData({ type: new arrow.Float32(), length: values.length, nullCount: 0, data: values })
  return arrow.makeData({ type: new arrow.FixedSizeList(dim, new arrow.Field('item', new arrow.Float32(), false)), length: values.length / dim, nullCount: 0, child })
}

export function uint32(values: Uint32Array): Data {
  return arrow.makeData({ type: new arrow.Uint32(), length: values.length, nullCount: 0, data: values })
}

export function float32(values: Float32Array): Data {
  return arrow.makeData({ type: new arrow.Float32(), length: values.length, nullCount: 0, data: values })
}

export function float64(values: Float64Array): Data {
  return arrow.makeData({ type: new arrow.Float64(), length: values.length, nullCount: 0, data: values })
}

/** Any number of bytes in each row. */
export function bytes(values: readonly Uint8Array[]): Data {
  return arrow.makeData({ ...bytesInit(values), type: new arrow.Binary() })
}

export function texts(values: readonly string[]): Data {
  return arrow.makeData({ ...bytesInit(values.map((value) => Buffer.from(value))), type: new arrow.Utf8() })
}

function bytesInit(values: readonly Uint8Array[]): { readonly length: number; readonly nullCount: 0; readonly valueOffsets: Int32Array; readonly data: Uint8Array } {
  const valueOffsets = new Int32Array(values.length + 1)
  values.forEach(({ length }, index) => (valueOffsets[index + 1] = valueOffsets[index]! + length))
  return { length: values.length, nullCount: 0, valueOffsets, data: Buffer.concat(values) }
}

/** The schema of a table with these columns, in their order. */
export function schemaOf(columns: Columns): Schema {
  return new arrow.Schema(Object.entries(columns).map(([name, { type }]): Field => new arrow.Field(name, type, false)))
}

/** Columns of one length as a table. */
export function tableOf(columns: Columns): Table {
  const schema = schemaOf(columns)
  const children = Object.values(columns)
  const data = arrow.makeData({ type: new arrow.Struct(schema.fields), length: children[0]?.length ?? 0, nullCount: 0, children })
  return new arrow.Table(schema, new arrow.RecordBatch(schema, data))
}

function columnOf(batch: RecordBatch, name: string): Data {
  const data = batch.getChild(name)?.data[0]
  if (data === undefined) throw new TypeError(`the table has no column ${name}`)
  return data as Data
}

/** uint8 [rows, width] */
export function fixedBytesOf(batch: RecordBatch, name: string): Buffer {
  return asBuffer(columnOf(batch, name).values as Uint8Array)
}

/** float32 [rows, dim] */
export function vectorsOf(batch: RecordBatch, name: string): Float32Array {
  return columnOf(batch, name).children[0]!.values as Float32Array
}

export function uint32Of(batch: RecordBatch, name: string): Uint32Array {
  return columnOf(batch, name).values as Uint32Array
}

export function float32Of(batch: RecordBatch, name: string): Float32Array {
  return columnOf(batch, name).values as Float32Array
}

export function float64Of(batch: RecordBatch, name: string): Float64Array {
  return columnOf(batch, name).values as Float64Array
}

export function uint64Of(batch: RecordBatch, name: string): BigUint64Array {
  return columnOf(batch, name).values as BigUint64Array
}

/** Bytes of a column of any length: row i has those from `offsets[i]` to `offsets[i + 1]`. */
export interface ByteColumn {
  readonly offsets: Int32Array
  readonly data: Buffer
}

export function bytesOf(batch: RecordBatch, name: string): ByteColumn {
  const column = columnOf(batch, name)
  return { offsets: column.valueOffsets as Int32Array, data: asBuffer(column.values as Uint8Array) }
}

/** Texts of a column: nearly all are plain letters, which need no decoding. */
export function textReader({ offsets, data }: ByteColumn): (row: number) => string {
  const encoding = isAscii(data) ? 'latin1' : 'utf8'
  return (row) => data.toString(encoding, offsets[row], offsets[row + 1])
}

function asBuffer(values: Uint8Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength)
}
