/** @file Rows go to the store some hundred at a time, or after some seconds: a crash costs no more than that. */
import type { PatchTable, StoredPatches, StoredVectors, VectorTable } from '../library'

export interface StoreBatches {
  add(vectors: StoredVectors | undefined, patches: readonly StoredPatches[]): Promise<void>
  /** All that was added is on the disk when it resolves. */
  flush(): Promise<void>
}

export interface BatchLimits {
  readonly rows: number
  readonly ms: number
}

const usualLimits: BatchLimits = { rows: 256, ms: 3000 }

export function createStoreBatches(vectorTable: VectorTable, patchTable: PatchTable | undefined, limits: BatchLimits = usualLimits, now: () => number = () => performance.now()): StoreBatches {
  let vectors: StoredVectors[] = []
  let patches: StoredPatches[] = []
  let since = now()

  const flush = async (): Promise<void> => {
    // Emptied afterwards: what a full disk refused is tried once more at the end.
    if (vectors.length > 0) await vectorTable.append(vectors)
    vectors = []
    if (patches.length > 0) await patchTable?.append(patches)
    patches = []
    since = now()
  }
  return {
    add: async (vector, added) => {
      if (vector !== undefined) vectors.push(vector)
      patches.push(...added)
      if (vectors.length >= limits.rows || patches.length >= limits.rows || now() - since >= limits.ms) await flush()
    },
    flush,
  }
}
