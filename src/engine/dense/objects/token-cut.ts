/** @file TokenCut: the object is the part that a normalised cut through the graph of alike patches takes off. */
import type { ProductOptions } from '../../collection'
import type { FoundObject } from '../../contract'
import { normaliseRows, type PatchGrid } from '../../inference'
import { nothingFound, pieceWithSeed } from './found'
import { normalisedCut } from './normalised-cut'
import { similarityGraph } from './similarity-graph'

/** What objects are found by: keys of the last block. */
export interface ObjectFeatures {
  /** float32 [patches, dim], heads side by side, no CLS, no registers. */
  readonly keys: Float32Array
  readonly dim: number
  readonly grid: PatchGrid
}

export interface ObjectOptions extends ProductOptions {
  /** Share of the work that is done, 0..1. */
  readonly onProgress?: (share: number) => void
}

/** Patches are alike above this cosine of their keys. */
const alike = 0.2
/** Weight between patches that are not. */
const apart = 1e-5
/** Share of the work that comparing patches is. */
const comparing = 0.4

/**
 * The object by TokenCut: W = 1 where cos > 0.2, else 1e-5; the second smallest solution y of (D − W) y = λ D y, cut at
 * its mean; the side of the largest |y| is the object, of which the piece around that patch is taken.
 * Source: TokenCut (arXiv 2202.11539), object_discovery.py, `ncut`.
 * @throws EngineError BAD_REQUEST for more patches than can be compared, RUNTIME; the signal's reason
 */
export async function tokenCut({ keys, dim, grid }: ObjectFeatures, { products, signal, onProgress }: ObjectOptions): Promise<FoundObject> {
  const count = keys.length / dim
  const graph = await similarityGraph(normaliseRows(keys, dim), dim, alike, apart, { products, signal })
  onProgress?.(comparing)
  if (graph.listed === 'apart' && graph.columns.length === 0)
    return nothingFound('tokencut', count, `the keys of all ${count} patches are alike (cosine above ${alike})`)
  const { eigenvalue, vector } = await normalisedCut(graph, signal, (share) => onProgress?.(comparing + (1 - comparing) * share))
  if (eigenvalue > 1 - 1e-9) return nothingFound('tokencut', count, 'no cut through the patches is better than another')

  const mean = vector.reduce((sum, value) => sum + value, 0) / count
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  // Patches with the same neighbours have the same y but for rounding: of those the first.
  const seed = vector.findIndex((value) => Math.abs(value) >= largest * (1 - 1e-5))
  const sign = vector[seed]! > mean ? 1 : -1
  const inside = Uint8Array.from(vector, (value) => ((value > mean) === sign > 0 ? 1 : 0))
  const { mask, box } = pieceWithSeed(inside, seed, grid)
  const size = mask.reduce((sum, value) => sum + value, 0)
  return {
    method: 'tokencut',
    mask,
    field: Float32Array.from(vector, (value) => sign * value),
    box,
    seed,
    note: `TokenCut by the keys of the last block: ${size} of ${count} patches, λ₂ = ${eigenvalue.toPrecision(3)} (0: the cut is clear, 1: there is none)`,
  }
}
