/** @file Where a patch of one picture is found in another. */
import { topScores } from '../../collection'
import { EngineError, type PatchMatches } from '../../contract'
import type { RowProducts } from '../../inference'

/** So many of the best are told; more would only be the neighbours of the first. */
const bestMatches = 8

/** The patch tokens of one picture at unit length, float32 [patches, dim]. */
export interface UnitPatches {
  readonly dim: number
  readonly tokens: Float32Array
}

/** @throws EngineError BAD_REQUEST where tokens of different models meet */
export function requireSameDim(left: UnitPatches, right: UnitPatches): void {
  if (left.dim !== right.dim) throw new EngineError('BAD_REQUEST', `tokens of ${left.dim} and of ${right.dim} numbers cannot be compared; both pictures must be looked at with the same model`)
}

/**
 * Compares one patch of the left picture with all of the right one.
 * @throws EngineError BAD_REQUEST for a patch that does not exist, or for tokens of different models; RUNTIME
 */
export async function patchMatches(left: UnitPatches, right: UnitPatches, patch: number, products: RowProducts): Promise<PatchMatches> {
  requireSameDim(left, right)
  const { dim, tokens } = left
  const patches = tokens.length / dim
  if (!Number.isInteger(patch) || patch < 0 || patch >= patches) throw new EngineError('BAD_REQUEST', `patch ${patch} is outside 0 to ${patches - 1}`)
  const cosine = await products(tokens.subarray(patch * dim, (patch + 1) * dim), right.tokens, dim)
  return { cosine, best: [...topScores(cosine, bestMatches)] }
}
