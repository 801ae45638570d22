/** @file Patch tokens to search by, projected onto the directions in which compact tokens are kept. */
import { EngineError } from '../contract'
import { normaliseRows } from '../inference'
import type { PatchBasis } from '../library'

/** Query tokens q as numbers to multiply codes with: q · t̂ = offset + scale of the picture · (column · codes of t). */
export interface PatchQuery {
  readonly count: number
  readonly dims: number
  /** Axes · q, float32 [dims, count]. */
  readonly columns: Float32Array
  /** q · mean, float32 [count]. */
  readonly offsets: Float32Array
}

/**
 * @param tokens float32 [count, dim], after the final norm; brought to unit length here
 * @throws EngineError BAD_REQUEST for no token, INTERNAL when they are of another model than the basis
 */
export function patchQuery(tokens: Float32Array, { dim, dims, mean, axes }: PatchBasis): PatchQuery {
  if (tokens.length === 0) throw new EngineError('BAD_REQUEST', 'a search by patches needs at least one patch')
  if (tokens.length % dim !== 0) throw new EngineError('INTERNAL', `patch search: ${tokens.length} numbers are not tokens of ${dim}`)
  const count = tokens.length / dim
  const unit = normaliseRows(tokens, dim)
  const product = (token: number, direction: Float32Array, from: number): number => {
    let sum = 0
    for (let index = 0; index < dim; index++) sum += unit[token * dim + index]! * direction[from + index]!
    return sum
  }
  return {
    count,
    dims,
    columns: Float32Array.from({ length: dims * count }, (_, at) => product(at % count, axes, Math.floor(at / count) * dim)),
    offsets: Float32Array.from({ length: count }, (_, token) => product(token, mean, 0)),
  }
}

/** One query in place of several: a product with it is the mean of the products with each. */
export function meanQuery({ count, dims, columns, offsets }: PatchQuery): PatchQuery {
  const meanOf = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / count
  return {
    count: 1,
    dims,
    columns: Float32Array.from({ length: dims }, (_, axis) => meanOf(columns.subarray(axis * count, (axis + 1) * count))),
    offsets: Float32Array.of(meanOf(offsets)),
  }
}
