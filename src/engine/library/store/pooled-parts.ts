/** @file What a pooling is made of in the store: CLS token, mean of the patches, or both. */
import type { Pooling } from '../../contract'

/** A column of vectors. */
export type Part = 'cls' | 'mean'

export const allParts: readonly Part[] = ['cls', 'mean']

/** In the order in which they are joined. */
export function partsOf(pooling: Pooling): readonly Part[] {
  return pooling === 'cls+mean' ? allParts : [pooling]
}

/** The column that tells whether a part is as it was written; uint32. */
export function checkColumn(part: Part): string {
  return `${part}_check`
}

/** Columns of the table besides the key. */
export const vectorColumns: readonly string[] = allParts.flatMap((part) => [part, checkColumn(part)])
