/** @file Vectors as rows of their table: written with a check for each part, given back only where it holds. */
import type { RecordBatch } from 'apache-arrow'
import { EngineError } from '../../contract'
import { fixedBytesOf, uint32Of, uint32, vectors, vectorsOf } from './columns'
import { keyColumn } from './key-index'
import type { NewRows } from './keyed-table'
import { allParts, checkColumn, type Part } from './pooled-parts'
import { rowIdsOf } from './read-around'
import { bytesOfRow, rowCheck } from './row-check'
import type { StoredVectors } from './store'

/** @throws EngineError BAD_REQUEST for a vector of another length, or with a number that is not finite */
export function encodeVectors(rows: readonly StoredVectors[], dim: number): NewRows {
  const keys = rows.map(({ hash }) => hash)
  const hashes = Buffer.from(keys.join(''), 'hex')
  const columns = allParts.map((part) => {
    const values = new Float32Array(rows.length * dim)
    rows.forEach((row, index) => {
      requireWhole(row, part, dim)
      values.set(row[part], index * dim)
    })
    const checks = Uint32Array.from(rows, (_, row) => rowCheck(hashes.subarray(row * 32, (row + 1) * 32), bytesOfRow(values, row, dim)))
    return { [part]: vectors(values, dim), [checkColumn(part)]: uint32(checks) }
  })
  return { keys, columns: Object.assign({}, ...columns) as NewRows['columns'] }
}

function requireWhole({ hash, ...vector }: StoredVectors, part: Part, dim: number): void {
  const { length } = vector[part]
  if (length !== dim) throw new EngineError('BAD_REQUEST', `the ${part} vector of ${hash} has ${length} numbers instead of ${dim}`, { detail: { hash, part } })
  if (!isFiniteThroughout(vector[part])) throw new EngineError('BAD_REQUEST', `the ${part} vector of ${hash} holds what is no finite number`, { detail: { hash, part } })
}

function isFiniteThroughout(values: Float32Array): boolean {
  // Whatever is not finite makes NaN of it, and that stays.
  let zero = 0
  for (const value of values) zero += value * 0
  return zero === 0
}

/** Rows of a batch, in some of their parts. */
export interface VectorBatch {
  /** float64 [rows] */
  readonly rowIds: Float64Array
  /** uint8 [rows, 32] */
  readonly hashes: Buffer
  /** float32 [rows, dim] each */
  readonly values: readonly Float32Array[]
  /** Whether all parts of a row are what was written. */
  isWhole(row: number): boolean
}

/** The columns that {@link decodeVectors} wants. */
export function columnsOf(parts: readonly Part[]): readonly string[] {
  return [keyColumn, ...parts.flatMap((part) => [part, checkColumn(part)])]
}

export function decodeVectors(batch: RecordBatch, parts: readonly Part[], dim: number): VectorBatch {
  const hashes = fixedBytesOf(batch, keyColumn)
  const values = parts.map((part) => vectorsOf(batch, part))
  const checks = parts.map((part) => uint32Of(batch, checkColumn(part)))
  return {
    rowIds: rowIdsOf(batch),
    hashes,
    values,
    isWhole: (row) => {
      const hash = hashes.subarray(row * 32, (row + 1) * 32)
      return values.every((part, index) => rowCheck(hash, bytesOfRow(part, row, dim)) === checks[index]![row])
    },
  }
}
