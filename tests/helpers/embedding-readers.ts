/** @file Exported embeddings as programs that have nothing to do with this one read them. */
import { readFile } from 'node:fs/promises'
import { tableFromIPC, type Table } from '@uwdata/flechette'
import { parse } from 'npyjs'
import papaparse from 'papaparse'
import { ParquetFile } from 'parquet-wasm/node'
import { parquetReadObjects } from 'hyparquet'
import type { EmbeddingFormat } from '../../src/engine/contract'
import { sidecarPath } from '../../src/engine/export'

/** What a reader finds, row by row. */
export interface ReadRow {
  readonly filename: string
  readonly image_hash?: string
  readonly patch_row?: number
  readonly patch_column?: number
  readonly embedding: readonly number[]
  readonly model_hash?: string
  readonly preprocessing?: string
}

export interface ReadTable {
  readonly columns: readonly string[]
  readonly rows: readonly ReadRow[]
  readonly metadata: Readonly<Record<string, string>>
}

function fromArrowTable(table: Table, metadata: ReadonlyMap<string, string> | null | undefined): ReadTable {
  const rows = (table.toArray() as Readonly<Record<string, unknown>>[]).map((row) => ({ ...row, embedding: Array.from(row['embedding'] as Iterable<number>) }) as unknown as ReadRow)
  return { columns: table.names.map(String), rows, metadata: Object.fromEntries(metadata ?? []) }
}

/** By arrow-rs, compiled to WebAssembly. */
export async function readParquet(path: string): Promise<ReadTable> {
  const file = await ParquetFile.fromFile(new Blob([await readFile(path)]))
  const table = await file.read()
  const metadata = file.metadata().fileMetadata().keyValueMetadata() as Map<string, string>
  return fromArrowTable(tableFromIPC(table.intoIPCStream()), metadata)
}

/** By hyparquet. */
export async function readParquetObjects(path: string): Promise<readonly ReadRow[]> {
  const bytes = await readFile(path)
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  return (await parquetReadObjects({ file })) as unknown as readonly ReadRow[]
}

/** By flechette. */
export async function readArrow(path: string): Promise<ReadTable> {
  const table = tableFromIPC(await readFile(path))
  return fromArrowTable(table, table.schema.metadata)
}

/** By Papa Parse; columns are those of the header, numbers the float32 that its cells stand for. */
export async function readCsv(path: string): Promise<ReadTable> {
  const { data, meta, errors } = papaparse.parse<Record<string, string>>(await readFile(path, 'utf8'), { header: true, skipEmptyLines: true })
  if (errors.length > 0) throw new Error(`Papa Parse: ${JSON.stringify(errors)}`)
  const columns = meta.fields ?? []
  const numbers = columns.filter((name) => name.startsWith('embedding_'))
  const rows = data.map((row): ReadRow => {
    const place = columns.includes('patch_row') ? { image_hash: row['image_hash'] ?? '', patch_row: Number(row['patch_row']), patch_column: Number(row['patch_column']) } : {}
    return { filename: row['filename'] ?? '', ...place, embedding: numbers.map((name) => Math.fround(Number(row[name]))) }
  })
  return { columns, rows, metadata: {} }
}

interface Sidecar {
  readonly shape: readonly [number, number]
  readonly names: readonly string[]
  readonly hashes: readonly string[]
  readonly grids?: readonly (readonly [number, number, number])[]
}

/** By npyjs; names as the sidecar has them. */
export async function readNpy(path: string): Promise<ReadTable & { readonly sidecar: unknown }> {
  const bytes = await readFile(path)
  const { data, shape, dtype, fortranOrder } = parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  const sidecar = JSON.parse(await readFile(sidecarPath(path), 'utf8')) as Sidecar
  const [count = 0, dim = 0] = shape
  if (dtype !== 'f4' || fortranOrder || String(shape) !== String(sidecar.shape)) throw new Error(`npyjs: ${dtype} ${String(shape)}, the sidecar says ${String(sidecar.shape)}`)
  const vector = (row: number): number[] => Array.from(data as Float32Array).slice(row * dim, (row + 1) * dim)
  const { names, hashes, grids } = sidecar
  const rows =
    grids === undefined
      ? Array.from({ length: count }, (_, row) => ({ filename: names[row] ?? '', image_hash: hashes[row] ?? '', embedding: vector(row) }))
      : grids.flatMap(([first, height, width], picture) =>
          Array.from({ length: height * width }, (_, patch) => ({
            filename: names[picture] ?? '',
            image_hash: hashes[picture] ?? '',
            patch_row: Math.floor(patch / width),
            patch_column: patch % width,
            embedding: vector(first + patch),
          })),
        )
  return { columns: [], rows, metadata: {}, sidecar }
}

export async function readEmbeddings(path: string, format: EmbeddingFormat): Promise<ReadTable> {
  switch (format) {
    case 'csv':
      return readCsv(path)
    case 'npy':
      return readNpy(path)
    case 'parquet':
      return readParquet(path)
    case 'arrow':
      return readArrow(path)
  }
}
