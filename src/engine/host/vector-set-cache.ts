/** @file Vectors of pictures that were read last, kept while they are worked with. */
import type { VectorSpace } from '../contract'
import type { VectorSet } from '../collection'
import type { VectorTable } from '../library'

interface KeptSet {
  readonly pooling: VectorSpace['pooling']
  readonly table: VectorTable
  /** Hashes the set was read for, in the order of its rows; what is asked for again is compared with them one by one. */
  readonly rows: Uint32Array
  readonly hashes: readonly (string | undefined)[]
  /** Vectors of the model in the store when it was read. */
  readonly stored: number
  readonly set: VectorSet
}

/** Sets read last, newest last, within a budget of bytes. */
export interface VectorSetCache {
  find(request: Omit<KeptSet, 'set'>): VectorSet | undefined
  keep(kept: KeptSet): void
}

const keptSets = 2
const keptBytes = 512 * 2 ** 20

function sameItems<T>(left: ArrayLike<T>, right: ArrayLike<T>): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}

/** A single set is kept however large it is: what was just searched is searched again. */
export function createVectorSetCache(maxSets = keptSets, maxBytes = keptBytes): VectorSetCache {
  let kept: readonly KeptSet[] = []
  return {
    find: ({ pooling, table, rows, hashes, stored }) => {
      const found = kept.find((one) => one.table === table && one.pooling === pooling && one.stored === stored && sameItems(one.rows, rows) && sameItems(one.hashes, hashes))
      if (found === undefined) return undefined
      kept = [...kept.filter((one) => one !== found), found]
      return found.set
    },
    keep: (added) => {
      let bytes = 0
      // Newest first: what is older than the first that has no room goes too.
      kept = [...kept, added]
        .reverse()
        .filter(({ set }, index) => {
          bytes += set.matrix.byteLength
          return index === 0 || (index < maxSets && bytes <= maxBytes)
        })
        .reverse()
    },
  }
}
