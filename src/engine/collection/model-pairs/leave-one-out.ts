/** @file How well the nearest other pictures name the class of each: k-NN accuracy without a second folder. */
import { knn, type RowProducts } from '../../inference'
import { takeVectors } from '../sample'
import type { VectorSet } from '../vector-set'

export interface LeaveOneOutOptions {
  readonly classes: readonly string[]
  readonly k: number
  readonly products: RowProducts
  readonly signal: AbortSignal
  /** 0..1. */
  readonly onProgress?: (share: number) => void
}

/**
 * Accuracy of the k nearest other pictures in naming each one's class, voting with weights exp(cosine / 0.07); 0..1.
 * @param labels int32 [vectors]; -1 for a picture of no class, which neither votes nor is counted
 * Source: dino/eval_knn.py:142-182, each picture compared with all others.
 * @throws the signal's reason
 */
export async function leaveOneOutAccuracy(set: VectorSet, labels: Int32Array, { classes, k, ...options }: LeaveOneOutOptions): Promise<number> {
  const chosen = Uint32Array.from(labels.keys()).filter((position) => labels[position]! >= 0)
  const { dim, matrix } = chosen.length === labels.length ? set : takeVectors(set, chosen)
  const labelled = { features: matrix, labels: Int32Array.from(chosen, (position) => labels[position]!), ids: Array.from(chosen, String) }
  const { scores } = await knn(labelled, labelled, { dim, classes, ks: [k], ...options })
  return scores[0]?.accuracy ?? NaN
}
