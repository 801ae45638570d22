/** @file Embeddings as CSV that is safe to open in a spreadsheet: file names never become formulas, numbers stay numbers. */
import type { VectorPooling } from '../contract'
import type { EmbeddingFacts, RowSource } from './embedding-rows'
import { writeVerified } from './verified-write'

export interface CsvOptions {
  /** Leaves text cells as they are, for programs that must see the exact names. */
  readonly raw?: boolean
}

export interface CsvWriteOptions extends CsvOptions {
  readonly signal?: AbortSignal
}

// Source: OWASP, CSV Injection: the characters that make a spreadsheet read a cell as a formula.
const formulaStart = /^[=+\-@\t\r\n]/
const needsQuotes = /[",\r\n\t]/
/** Some milliseconds of formatting, after which others are heard. */
const flushLength = 2 ** 17

/** One text cell: neutralised unless `raw`, quoted where CSV (RFC 4180) asks for it. */
export function csvText(text: string, options: CsvOptions = {}): string {
  const safe = options.raw !== true && formulaStart.test(text) ? `'${text}` : text
  return needsQuotes.test(safe) || safe !== text ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The shortest decimal that reads back as the same float32. */
export function csvNumber(value: number): string {
  if (Number.isInteger(value)) return String(value)
  for (let digits = 7; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)))
    if (Math.fround(Number(text)) === value) return text
  }
  return String(Number(value.toPrecision(9)))
}

/**
 * `filename,embedding_0,embedding_1,…`, which is what LightlyTrain writes and reads; of patches
 * `filename,image_hash,patch_row,patch_column,embedding_0,…`
 */
export function csvHeader(dim: number, pooling: VectorPooling): string {
  const place = pooling === 'patches' ? ['image_hash', 'patch_row', 'patch_column'] : []
  return ['filename', ...place, ...Array.from({ length: dim }, (_, index) => `embedding_${index}`)].join(',')
}

/**
 * Writes all rows to `path`, or nothing, and reads the file back.
 * @returns the number of rows
 * @throws EngineError DISK when it cannot be written or does not read back whole; the signal's reason when cancelled
 */
export async function writeCsv(path: string, { dim, pooling }: Pick<EmbeddingFacts, 'dim' | 'pooling'>, source: RowSource, options: CsvWriteOptions = {}): Promise<number> {
  let rows = 0
  await writeVerified(
    path,
    async (append) => {
      let pending = `${csvHeader(dim, pooling)}\n`
      for await (const { names, hashes, places, vectors } of source) {
        for (const [index, name] of names.entries()) {
          const place = places === undefined ? '' : `,${hashes[index] ?? ''},${places.rows[index]},${places.columns[index]}`
          pending += `${csvText(name, options)}${place},${Array.from(vectors.subarray(index * dim, (index + 1) * dim), csvNumber).join(',')}\n`
          if (pending.length > flushLength) {
            await append(pending)
            pending = ''
          }
        }
        rows += names.length
      }
      await append(pending)
      return undefined
    },
    { signal: options.signal },
  )
  return rows
}
