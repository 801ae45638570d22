/** @file Embeddings as CSV that is safe to open in a spreadsheet: file names never become formulas, numbers stay numbers. */
import { writeVerified } from './verified-write'

/** Rows of one embedding table, in order. Every vector has `dim` elements. */
export interface EmbeddingTable {
  readonly dim: number
  readonly rows: Iterable<{ readonly name: string; readonly vector: Float32Array }>
}

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
// Large enough that a write call costs nothing beside the formatting.
const flushLength = 2 ** 20

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

/** `filename,embedding_0,embedding_1,…` */
export function csvHeader(dim: number): string {
  return ['filename', ...Array.from({ length: dim }, (_, index) => `embedding_${index}`)].join(',')
}

/**
 * Writes `table` to `path`, all of it or nothing, and reads it back.
 * @returns the number of rows
 * @throws EngineError DISK when it cannot be written or does not read back whole; the signal's reason when cancelled
 */
export async function writeCsv(path: string, table: EmbeddingTable, options: CsvWriteOptions = {}): Promise<number> {
  let rows = 0
  await writeVerified(path, async (append) => {
    let pending = `${csvHeader(table.dim)}\n`
    for (const { name, vector } of table.rows) {
      pending += `${csvText(name, options)},${Array.from(vector, csvNumber).join(',')}\n`
      rows++
      if (pending.length > flushLength) {
        await append(pending)
        pending = ''
      }
    }
    await append(pending)
  }, options.signal)
  return rows
}
