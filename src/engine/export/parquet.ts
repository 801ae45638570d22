/** @file Embeddings as Parquet: one row group at a time, uncompressed, since numbers like these do not get smaller. */
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter, type ColumnSource } from 'hyparquet-writer'
import { EngineError, messageOf } from '../contract'
import type { EmbeddingFacts, EmbeddingRows, RowSource } from './embedding-rows'
import { regroup } from './embedding-rows'
import { factPairs } from './facts'
import { checkParquet } from './parquet-check'
import { writeVerified, type Append } from './verified-write'

/** A column of a table whose rows come in groups of type `R`. */
export interface ParquetColumn<R> {
  readonly name: string
  readonly schema: readonly SchemaElement[]
  /** A value for each row of the group. */
  values(rows: R): ColumnSource['data']
}

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

/** A column of texts. */
export const stringOf = <R>(name: string, values: (rows: R) => readonly string[]): ParquetColumn<R> => ({
  name,
  schema: [{ name, type: 'BYTE_ARRAY', repetition_type: 'REQUIRED', converted_type: 'UTF8', logical_type: { type: 'STRING' } }],
  values: (rows) => [...values(rows)],
})

/** A column of float32 numbers. */
export const floatOf = <R>(name: string, values: (rows: R) => Float32Array): ParquetColumn<R> => ({
  name,
  schema: [{ name, type: 'FLOAT', repetition_type: 'REQUIRED' }],
  values,
})

const int32Of = (name: string, values: (rows: EmbeddingRows) => Int32Array | undefined): ParquetColumn<EmbeddingRows> => ({
  name,
  schema: [{ name, type: 'INT32', repetition_type: 'REQUIRED' }],
  values: (rows) => values(rows) ?? new Int32Array(rows.names.length),
})

const vectorsOf = (name: string, dim: number): ParquetColumn<EmbeddingRows> => ({
  name,
  schema: [
    { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  ],
  values: ({ names, vectors }) => names.map((_, row) => Array.from(vectors.subarray(row * dim, (row + 1) * dim))),
})

/** The columns of a file, in order. */
function columnsOf({ dim, pooling, model, preprocessing }: EmbeddingFacts): readonly ParquetColumn<EmbeddingRows>[] {
  const always = (value: string) => (rows: EmbeddingRows): readonly string[] => rows.names.map(() => value)
  return [
    stringOf('filename', ({ names }) => names),
    stringOf('image_hash', ({ hashes }) => hashes),
    ...(pooling === 'patches' ? [int32Of('patch_row', ({ places }) => places?.rows), int32Of('patch_column', ({ places }) => places?.columns)] : []),
    vectorsOf('embedding', dim),
    stringOf('model_hash', always(model.sha256)),
    stringOf('preprocessing', always(preprocessing)),
  ]
}

/** {@link writeParquetTable} of embeddings. */
export function writeParquet(path: string, facts: EmbeddingFacts, source: RowSource, signal?: AbortSignal): Promise<number> {
  const table = { columns: columnsOf(facts), pairs: factPairs(facts), version: facts.version, count: ({ names }: EmbeddingRows) => names.length }
  return writeParquetTable(path, table, regroup(source, facts.dim), signal)
}

/** Hands over what has been encoded, and begins at the front of the buffer again. */
async function drain(writer: ByteWriter, append: Append): Promise<void> {
  // A copy, since the buffer is written over.
  const bytes = writer.getBytes().slice()
  writer.index = 0
  await append(bytes)
}

/**
 * Writes all rows to `path`, or nothing, reads the file back and opens it with another reader.
 * @returns the number of rows
 * @throws EngineError NOT_FOUND when there are no rows, DISK when it cannot be written, does not read back or is not understood;
 * the signal's reason when cancelled
 */
export async function writeParquetTable<R>(path: string, table: ParquetTable<R>, source: AsyncIterable<R>, signal?: AbortSignal): Promise<number> {
  const { columns, pairs, version, count } = table
  let rows = 0
  await writeVerified(
    path,
    async (append) => {
      const bytes = new ByteWriter()
      const writer = new ParquetWriter({
        writer: bytes,
        schema: [{ name: 'schema', num_children: columns.length }, ...columns.flatMap(({ schema }) => schema)],
        codec: 'UNCOMPRESSED',
        statistics: false,
        kvMetadata: pairs.map(([key, value]) => ({ key, value })),
        createdBy: `DinoScope version ${version}`,
      })
      for await (const group of source) {
        const size = count(group)
        await writer.write({ columnData: columns.map(({ name, values }) => ({ name, data: values(group), offsetIndex: false })), rowGroupSize: size })
        await drain(bytes, append)
        rows += size
      }
      // The format has no form for a list of no row groups that every reader takes.
      if (rows === 0) throw new EngineError('NOT_FOUND', `there are no rows to write to ${path}`, { detail: { path } })
      await writer.finish()
      await drain(bytes, append)
      return undefined
    },
    {
      signal,
      check: async (temporary) => {
        await checkParquet(temporary, { rows, columns: columns.map(({ name }) => name) }).catch((error: unknown) => {
          throw new EngineError('DISK', `${path} was written but cannot be read as Parquet: ${messageOf(error)}`, { detail: { path }, cause: error })
        })
      },
    },
  )
  return rows
}
