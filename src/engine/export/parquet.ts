/** @file Embeddings as Parquet: one row group at a time, uncompressed, since numbers like these do not get smaller. */
import { EngineError, messageOf } from '../contract'
import type { EmbeddingFacts, EmbeddingRows, RowSource } from './embedding-rows'
import { regroup } from './embedding-rows'
import { factPairs } from './facts'
import { checkParquet } from './parquet-check'
import { floatColumn, int32Column, stringColumn, vectorColumn, type ColumnChunk } from './parquet-pages'
import { encodeThrift, i32, i64, list, struct, text, type ThriftStruct } from './thrift'
import { writeVerified } from './verified-write'

const magic = Buffer.from('PAR1', 'latin1')
const types = { int32: 1, float: 4, byteArray: 6 } as const
const repetitions = { required: 0, repeated: 2 } as const
const converted = { utf8: 0, list: 3 } as const
/** Fields of the union of logical types. */
const logical = { string: 1, list: 3 } as const
const uncompressed = 0

/** A column of a table whose rows come in groups of type `R`. */
export interface ParquetColumn<R> {
  readonly path: readonly string[]
  readonly type: number
  readonly schema: readonly ThriftStruct[]
  chunk(rows: R): ColumnChunk
}

type Column = ParquetColumn<EmbeddingRows>

/** What a file is besides its rows. */
export interface ParquetTable<R> {
  readonly columns: readonly ParquetColumn<R>[]
  /** Metadata of the file as a whole, in order. */
  readonly pairs: readonly (readonly [key: string, value: string])[]
  /** Of the program. */
  readonly version: string
  /** How many rows a group has. */
  count(rows: R): number
}

const stringSchema = (name: string): ThriftStruct =>
  struct([1, i32(types.byteArray)], [3, i32(repetitions.required)], [4, text(name)], [6, i32(converted.utf8)], [10, struct([logical.string, struct()])])

/** A column of texts. */
export const stringOf = <R>(name: string, values: (rows: R) => readonly string[]): ParquetColumn<R> => ({
  path: [name],
  type: types.byteArray,
  schema: [stringSchema(name)],
  chunk: (rows) => stringColumn(values(rows)),
})

/** A column of float32 numbers. */
export const floatOf = <R>(name: string, values: (rows: R) => Float32Array): ParquetColumn<R> => ({
  path: [name],
  type: types.float,
  schema: [struct([1, i32(types.float)], [3, i32(repetitions.required)], [4, text(name)])],
  chunk: (rows) => floatColumn(values(rows)),
})

const int32Of = (name: string, values: (rows: EmbeddingRows) => Int32Array | undefined): Column => ({
  path: [name],
  type: types.int32,
  schema: [struct([1, i32(types.int32)], [3, i32(repetitions.required)], [4, text(name)])],
  chunk: (rows) => int32Column(values(rows) ?? new Int32Array(rows.names.length)),
})

/** The columns of a file, in order. */
function columnsOf({ dim, pooling, model, preprocessing }: EmbeddingFacts): readonly Column[] {
  const always = (value: string) => (rows: EmbeddingRows): readonly string[] => rows.names.map(() => value)
  const embedding: Column = {
    path: ['embedding', 'list', 'element'],
    type: types.float,
    schema: [
      struct([3, i32(repetitions.required)], [4, text('embedding')], [5, i32(1)], [6, i32(converted.list)], [10, struct([logical.list, struct()])]),
      struct([3, i32(repetitions.repeated)], [4, text('list')], [5, i32(1)]),
      struct([1, i32(types.float)], [3, i32(repetitions.required)], [4, text('element')]),
    ],
    chunk: (rows) => vectorColumn(rows.vectors, dim),
  }
  return [
    stringOf('filename', ({ names }) => names),
    stringOf('image_hash', ({ hashes }) => hashes),
    ...(pooling === 'patches' ? [int32Of('patch_row', ({ places }) => places?.rows), int32Of('patch_column', ({ places }) => places?.columns)] : []),
    embedding,
    stringOf('model_hash', always(model.sha256)),
    stringOf('preprocessing', always(preprocessing)),
  ]
}

interface WrittenChunk extends Pick<ColumnChunk, 'values' | 'encodings' | 'dictionaryBytes'> {
  readonly column: Pick<Column, 'type' | 'path'>
  readonly offset: number
  readonly bytes: number
}

function chunkMetadata({ column, offset, bytes, values, encodings, dictionaryBytes }: WrittenChunk): ThriftStruct {
  return struct(
    [2, i64(offset)],
    [
      3,
      struct(
        [1, i32(column.type)],
        [2, list('i32', encodings.map(i32))],
        [3, list('text', column.path.map(text))],
        [4, i32(uncompressed)],
        [5, i64(values)],
        [6, i64(bytes)],
        [7, i64(bytes)],
        [9, i64(offset + dictionaryBytes)],
        [11, dictionaryBytes === 0 ? undefined : i64(offset)],
      ),
    ],
  )
}

function groupMetadata(chunks: readonly WrittenChunk[], rows: number): ThriftStruct {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
  return struct([1, list('struct', chunks.map(chunkMetadata))], [2, i64(bytes)], [3, i64(rows)], [5, i64(chunks[0]?.offset ?? magic.length)], [6, i64(bytes)])
}

function fileMetadata<R>({ columns, pairs, version }: ParquetTable<R>, groups: readonly ThriftStruct[], rows: number): Uint8Array {
  const root = struct([4, text('schema')], [5, i32(columns.length)])
  return encodeThrift(
    struct(
      [1, i32(2)],
      [2, list('struct', [root, ...columns.flatMap(({ schema }) => schema)])],
      [3, i64(rows)],
      [4, list('struct', groups)],
      [5, list('struct', pairs.map(([key, value]) => struct([1, text(key)], [2, text(value)])))],
      [6, text(`DinoScope version ${version}`)],
    ),
  )
}

/** {@link writeParquetTable} of embeddings. */
export function writeParquet(path: string, facts: EmbeddingFacts, source: RowSource, signal?: AbortSignal): Promise<number> {
  const table = { columns: columnsOf(facts), pairs: factPairs(facts), version: facts.version, count: ({ names }: EmbeddingRows) => names.length }
  return writeParquetTable(path, table, regroup(source, facts.dim), signal)
}

/**
 * Writes all rows to `path`, or nothing, reads the file back and opens it with another reader.
 * @returns the number of rows
 * @throws EngineError DISK when it cannot be written, does not read back or is not understood; the signal's reason when cancelled
 */
export async function writeParquetTable<R>(path: string, table: ParquetTable<R>, source: AsyncIterable<R>, signal?: AbortSignal): Promise<number> {
  const { columns } = table
  let rows = 0
  await writeVerified(
    path,
    async (append) => {
      const groups: ThriftStruct[] = []
      let offset = magic.length
      await append(magic)
      for await (const group of source) {
        const chunks: WrittenChunk[] = []
        for (const column of columns) {
          const { pages, ...told } = column.chunk(group)
          const start = offset
          for (const page of pages) {
            await append(page)
            offset += page.length
          }
          chunks.push({ column, offset: start, bytes: offset - start, ...told })
        }
        const count = table.count(group)
        groups.push(groupMetadata(chunks, count))
        rows += count
      }
      const footer = fileMetadata(table, groups, rows)
      const length = Buffer.alloc(4)
      length.writeUInt32LE(footer.length)
      await append(footer)
      await append(length)
      await append(magic)
      return undefined
    },
    {
      signal,
      check: async (temporary) => {
        await checkParquet(temporary, { rows, columns: columns.map(({ path: [name] }) => name ?? '') }).catch((error: unknown) => {
          throw new EngineError('DISK', `${path} was written but cannot be read as Parquet: ${messageOf(error)}`, { detail: { path }, cause: error })
        })
      },
    },
  )
  return rows
}
