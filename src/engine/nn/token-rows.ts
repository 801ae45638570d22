/** @file Tokens of several batches packed into one matrix, so that each layer is one product whatever the crop sizes. */
import { multiplyDims, type Dim, type Value } from '../graph'
import { concat, flattenRows, reshape, splitSizes } from '../ops'

/** Sequences of one length: `batch` of `tokens` rows each. */
export interface TokenGroup {
  readonly batch: Dim
  readonly tokens: Dim
  /** A value `[batch, tokens, …]` that run-time sizes are read off. */
  readonly like: Value
}

/** Rows `[Σ batch·tokens, dim]` and the groups they belong to, in order. */
export interface TokenRows {
  readonly rows: Value
  readonly groups: readonly TokenGroup[]
}

/** Packs `[batch, tokens, dim]` each. Only one of them may have run-time sizes. */
export function packTokens(sequences: readonly Value[]): TokenRows {
  const rows = sequences.map(flattenRows)
  const [first] = rows
  return {
    rows: rows.length === 1 && first !== undefined ? first : concat(rows, 0),
    groups: sequences.map((like) => ({ batch: like.shape[0] ?? 0, tokens: like.shape[1] ?? 0, like })),
  }
}

/** Each group's rows as `[batch, tokens, columns]`. */
export function unpackTokens(rows: Value, groups: readonly TokenGroup[]): Value[] {
  const columns = rows.shape[1] ?? 0
  const unpack = (part: Value, { batch, tokens, like }: TokenGroup): Value => reshape(part, [batch, tokens, columns], like)
  const [only] = groups
  if (groups.length === 1 && only !== undefined) return [unpack(rows, only)]
  const parts = splitSizes(rows, 0, groups.map(({ batch, tokens }) => Number(multiplyDims([batch, tokens]))))
  return groups.map((group, index) => unpack(parts[index] ?? rows, group))
}
