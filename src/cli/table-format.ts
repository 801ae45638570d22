/** @file The format of a table, by the name of the file it goes to. */
import { extname } from 'node:path'
import type { EmbeddingFormat } from '../engine/contract'
import { UsageError } from './exit-codes'

const formats = ['csv', 'parquet', 'npy', 'arrow'] as const satisfies readonly EmbeddingFormat[]

/** @throws UsageError for another ending */
export function tableFormatOf(path: string): EmbeddingFormat {
  const extension = extname(path).toLowerCase()
  // Feather is what Arrow's files were called first.
  const format = extension === '.feather' ? 'arrow' : formats.find((name) => extension === `.${name}`)
  if (format === undefined) throw new UsageError(`--out must end in .csv, .parquet, .npy or .arrow, not ${JSON.stringify(extension)}`)
  return format
}
