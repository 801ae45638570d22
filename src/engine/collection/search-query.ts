/** @file One vector to search by, made of several examples, some of which push away. */
import { EngineError } from '../contract'
import { normaliseRows } from '../inference'

/**
 * How much negative examples count against positive ones. Half is enough to push what they show out of sight, and little
 * enough that the result still resembles the positive ones when both have much in common.
 */
const negativeWeight = 0.5

/** Mean of rows, float64 [dim]; zeros for none. */
function meanOf(rows: readonly Float32Array[], dim: number): Float64Array {
  const mean = new Float64Array(dim)
  for (const row of rows) for (let index = 0; index < dim; index++) mean[index]! += row[index]! / rows.length
  return mean
}

/**
 * normalise(mean of positive − 0.5 · mean of negative), the query of Rocchio's relevance feedback.
 * Source: Rocchio 1971; Manning, Raghavan, Schütze, "Introduction to Information Retrieval" (2008), eq. 9.3, without an original query.
 * @param positive unit vectors, each float32 [dim]
 * @param negative likewise; may be empty
 * @returns float32 [dim], at unit length
 * @throws EngineError BAD_REQUEST without positive examples, or when the negative ones leave nothing of them
 */
export function searchQuery(positive: readonly Float32Array[], negative: readonly Float32Array[]): Float32Array {
  const dim = positive[0]?.length
  if (dim === undefined) throw new EngineError('BAD_REQUEST', 'a search needs at least one example that is to be found more of')
  const [towards, away] = [meanOf(positive, dim), meanOf(negative, dim)]
  const query = Float32Array.from(towards, (value, index) => value - negativeWeight * away[index]!)
  if (query.every((value) => Math.abs(value) < 1e-6)) throw new EngineError('BAD_REQUEST', 'these examples cancel each other; take one of them away')
  return normaliseRows(query, dim)
}
