/** @file The vectors of one model, under the content of the pictures that they are of. */
import { EngineError, type Pooling } from '../../contract'
import type { KeyedTable } from './keyed-table'
import { nearestVectors, type Probing } from './nearest-vectors'
import { allParts, partsOf } from './pooled-parts'
import { readVectors } from './read-vectors'
import type { VectorTable } from './store'
import type { VectorIndex } from './vector-index'
import { columnsOf, decodeVectors, encodeVectors } from './vector-rows'

/** A table over rows of [dim] numbers. */
export function createVectorTable(rows: KeyedTable, dim: number, index: VectorIndex): VectorTable {
  return {
    hashes: () => rows.keys(),
    append: (added) => {
      const first = new Map(added.map((one) => [one.hash, one]))
      return rows.append((rowOf) => encodeVectors([...first.values()].filter(({ hash }) => !rowOf.has(hash)), dim))
    },
    read: (hashes, pooling) => readVectors(rows, dim, hashes, pooling),
    verify: async (signal) => {
      const damaged: number[] = []
      for await (const batch of rows.scan(columnsOf(allParts), signal)) {
        const { rowIds, isWhole } = decodeVectors(batch, allParts, dim)
        rowIds.forEach((rowId, row) => {
          if (!isWhole(row)) damaged.push(rowId)
        })
      }
      rows.dropDamaged(damaged)
      return damaged.length
    },
    nearest: async (vector, pooling, top, method) => {
      const wanted = dim * partsOf(pooling).length
      if (vector.length !== wanted) throw new EngineError('BAD_REQUEST', `a vector of ${pooling} has ${wanted} numbers, this one ${vector.length}`)
      const search = (probing: Probing | undefined): ReturnType<VectorTable['nearest']> => nearestVectors(rows, vector, { dim, pooling, top, probing })
      const exactly = (): ReturnType<VectorTable['nearest']> => search(undefined)
      return method === 'exact' ? exactly() : index.use(pooling, search, exactly)
    },
    buildIndex: (pooling: Pooling, options) => index.build(pooling, options),
    indexed: (pooling) => index.info(pooling),
  }
}
