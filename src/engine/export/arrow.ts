/** @file Embeddings as an Arrow IPC file, which is Feather version 2: vectors lie in it as they lie in memory. */
import type { FileHandle } from 'node:fs/promises'
import {
  AsyncByteQueue,
  Dictionary,
  Field,
  FixedSizeList,
  Float32,
  Int32,
  Int8,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  Schema,
  Struct,
  Utf8,
  vectorFromArray,
  type AsyncRecordBatchFileReader,
  type AsyncRecordBatchStreamReader,
  type Data,
  type DataType,
} from 'apache-arrow'
import { EngineError, messageOf } from '../contract'
import { openRegularFile } from '../files'
import { regroup, type EmbeddingFacts, type EmbeddingRows, type RowSource } from './embedding-rows'
import { factPairs } from './facts'
import { checkTable, type ExpectedTable } from './parquet-check'
import { writeVerified } from './verified-write'

/** A column of a table whose rows come in groups of type `R`. */
export interface ArrowColumn<R> {
  readonly field: Field
  data(rows: R): Data
}

type Column = ArrowColumn<EmbeddingRows>

/** What a file is besides its rows. */
export interface ArrowTable<R> {
  readonly columns: readonly ArrowColumn<R>[]
  /** Metadata of the file as a whole, in order. */
  readonly pairs: readonly (readonly [key: string, value: string])[]
  /** How many rows a group has. */
  count(rows: R): number
}

const required = (name: string, type: DataType): Field => new Field(name, type, false)

function strings(values: readonly string[]): Data<Utf8> {
  const parts = values.map((value) => Buffer.from(value, 'utf8'))
  const valueOffsets = new Int32Array(parts.length + 1)
  parts.forEach((part, index) => { valueOffsets[index + 1] = (valueOffsets[index] ?? 0) + part.length })
  return makeData({ type: new Utf8(), length: values.length, nullCount: 0, valueOffsets, data: new Uint8Array(Buffer.concat(parts)) })
}

/** A column of texts. */
export const textOf = <R>(name: string, values: (rows: R) => readonly string[]): ArrowColumn<R> => ({ field: required(name, new Utf8()), data: (rows) => strings(values(rows)) })

/** A column of float32 numbers. */
export const numbersOf = <R>(name: string, values: (rows: R) => Float32Array): ArrowColumn<R> => ({
  field: required(name, new Float32()),
  data: (rows) => {
    const data = values(rows)
    return makeData({ type: new Float32(), length: data.length, nullCount: 0, data })
  },
})

/** A column that says the same in every row: the text once, in a dictionary. Its id is given, so that the same rows give the same bytes. */
function constant(name: string, value: string, id: number): Column {
  const type = new Dictionary(new Utf8(), new Int8(), id)
  const dictionary = vectorFromArray([value], new Utf8())
  return { field: required(name, type), data: ({ names }) => makeData({ type, length: names.length, nullCount: 0, data: new Int8Array(names.length), dictionary }) }
}

/** The columns of a file, in order; the same as in Parquet. */
function columnsOf({ dim, pooling, model, preprocessing }: EmbeddingFacts): readonly Column[] {
  const vector = new FixedSizeList(dim, required('item', new Float32()))
  const place = (name: string, values: (rows: EmbeddingRows) => Int32Array | undefined): Column => ({
    field: required(name, new Int32()),
    data: (rows) => makeData({ type: new Int32(), length: rows.names.length, nullCount: 0, data: values(rows) ?? new Int32Array(rows.names.length) }),
  })
  return [
    textOf('filename', ({ names }) => names),
    textOf('image_hash', ({ hashes }) => hashes),
    ...(pooling === 'patches' ? [place('patch_row', ({ places }) => places?.rows), place('patch_column', ({ places }) => places?.columns)] : []),
    {
      field: required('embedding', vector),
      data: ({ names, vectors }) => makeData({ type: vector, length: names.length, nullCount: 0, child: makeData({ type: new Float32(), length: vectors.length, nullCount: 0, data: vectors }) }),
    },
    constant('model_hash', model.sha256, 0),
    constant('preprocessing', preprocessing, 1),
  ]
}

/** Where the writer's bytes go: they are taken as soon as they are there. */
class Pieces extends AsyncByteQueue {
  private pieces: Uint8Array[] = []

  override write(piece: Uint8Array): void {
    this.pieces.push(piece)
  }

  take(): readonly Uint8Array[] {
    return this.pieces.splice(0)
  }
}

/** Of the many things the library opens, TypeScript takes a handle for another. */
const openArrow: (handle: FileHandle) => Promise<AsyncRecordBatchFileReader | AsyncRecordBatchStreamReader> = RecordBatchReader.from

/** Reads every batch of the file at `path`. @throws EngineError DISK, or what the reader throws */
async function checkArrow(path: string, expected: ExpectedTable, signal: AbortSignal | undefined): Promise<void> {
  const handle = await openRegularFile(path)
  try {
    const reader = await openArrow(handle)
    await reader.open()
    // The reader forgets its schema at the end.
    const columns = reader.schema.fields.map(({ name }) => name)
    let rows = 0
    for await (const batch of reader) {
      signal?.throwIfAborted()
      rows += batch.numRows
    }
    checkTable('Arrow', { rows, columns }, expected)
  } finally {
    await handle.close()
  }
}

/** {@link writeArrowTable} of embeddings. */
export function writeArrow(path: string, facts: EmbeddingFacts, source: RowSource, signal?: AbortSignal): Promise<number> {
  return writeArrowTable(path, { columns: columnsOf(facts), pairs: factPairs(facts), count: ({ names }) => names.length }, regroup(source, facts.dim), signal)
}

/**
 * Writes all rows to `path`, or nothing, reads the file back and opens it.
 * @returns the number of rows
 * @throws EngineError DISK when it cannot be written, does not read back or is not understood; the signal's reason when cancelled
 */
export async function writeArrowTable<R>(path: string, { columns, pairs, count }: ArrowTable<R>, source: AsyncIterable<R>, signal?: AbortSignal): Promise<number> {
  const schema = new Schema(columns.map(({ field }) => field), new Map(pairs))
  let rows = 0
  await writeVerified(
    path,
    async (append) => {
      const pieces = new Pieces()
      const writer = new RecordBatchFileWriter()
      writer.reset(pieces, schema)
      const drain = async (): Promise<void> => {
        for (const piece of pieces.take()) await append(piece)
      }
      for await (const group of source) {
        const children = columns.map(({ data }) => data(group))
        writer.write(new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: count(group), nullCount: 0, children })))
        await drain()
        rows += count(group)
      }
      writer.finish()
      await drain()
      return undefined
    },
    {
      signal,
      check: async (temporary) => {
        await checkArrow(temporary, { rows, columns: columns.map(({ field }) => field.name) }, signal).catch((error: unknown) => {
          signal?.throwIfAborted()
          throw new EngineError('DISK', `${path} was written but cannot be read as Arrow: ${messageOf(error)}`, { detail: { path }, cause: error })
        })
      },
    },
  )
  return rows
}
