/** @file Opening a Parquet file with a reader that did not write it. */
import { parquetMetadataAsync } from 'hyparquet'
import { EngineError } from '../contract'
import { openRegularFile } from '../files'

export interface ExpectedTable {
  readonly rows: number
  /** Names of the columns, in order. */
  readonly columns: readonly string[]
}

/** @throws EngineError DISK saying what was found instead */
export function checkTable(kind: string, found: ExpectedTable, expected: ExpectedTable): void {
  const describe = ({ rows, columns }: ExpectedTable): string => `${rows} rows of ${columns.join(', ')}`
  if (describe(found) !== describe(expected)) throw new EngineError('DISK', `the ${kind} file has ${describe(found)}; it should have ${describe(expected)}`, { detail: { found, expected } })
}

/** Reads the footer of the file at `path`. @throws EngineError DISK, or what the reader throws */
export async function checkParquet(path: string, expected: ExpectedTable): Promise<void> {
  const handle = await openRegularFile(path)
  try {
    const { size } = await handle.stat()
    const metadata = await parquetMetadataAsync({
      byteLength: size,
      slice: async (start, end = size) => {
        const buffer = new ArrayBuffer(end - start)
        const { bytesRead } = await handle.read(new Uint8Array(buffer), 0, buffer.byteLength, start)
        return buffer.slice(0, bytesRead)
      },
    })
    const inGroups = metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0)
    const columns = metadata.row_groups[0]?.columns.map(({ meta_data }) => meta_data?.path_in_schema[0] ?? '') ?? expected.columns
    checkTable('Parquet', { rows: Number(metadata.num_rows), columns }, expected)
    checkTable('Parquet', { rows: inGroups, columns }, expected)
  } finally {
    await handle.close()
  }
}
