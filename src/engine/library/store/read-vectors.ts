/** @file Reads vectors of many pictures into one matrix. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Pooling } from '../../contract'
import type { KeyedTable } from './keyed-table'
import { partsOf } from './pooled-parts'
import type { ReadVectors } from './store'
import { columnsOf, decodeVectors } from './vector-rows'

/** Where more than this share of all rows is asked for, reading all of them is quicker than looking each up. */
export const readAllShare = 0.2
/** Rows worked on before the event loop turns: a few milliseconds. */
const chunk = 16_384

/** Which rows are asked for, and where they go: the same content may be asked for more than once. */
interface Plan {
  /** The last position that asks for a row, and for each position the one before that asks for the same; -1 for none. */
  readonly lastAsking: ReadonlyMap<number, number>
  readonly before: Int32Array
  /** Place in the matrix of each position that has a row; rising. */
  readonly places: Uint32Array
  readonly count: number
}

async function planRead(hashes: readonly string[], rowOf: ReadonlyMap<string, number>): Promise<Plan> {
  const lastAsking = new Map<number, number>()
  const before = new Int32Array(hashes.length).fill(-1)
  const places = new Uint32Array(hashes.length)
  let count = 0
  for (let position = 0; position < hashes.length; position++) {
    if (position % chunk === chunk - 1) await turn()
    const rowId = rowOf.get(hashes[position]!)
    if (rowId === undefined) continue
    before[position] = lastAsking.get(rowId) ?? -1
    lastAsking.set(rowId, position)
    places[position] = count++
  }
  return { lastAsking, before, places, count }
}

/** As {@link VectorTable.read}. */
export async function readVectors(table: KeyedTable, dim: number, hashes: readonly string[], pooling: Pooling): Promise<ReadVectors> {
  const parts = partsOf(pooling)
  const damaged: number[] = []
  const result = await table.withRows(async (rowOf) => {
    const { lastAsking, before, places, count } = await planRead(hashes, rowOf)
    const width = dim * parts.length
    const matrix = new Float32Array(count * width)
    const positions = new Int32Array(count).fill(-1)
    const columns = columnsOf(parts)
    const all = lastAsking.size > readAllShare * rowOf.size
    const batches = all ? table.scan(columns) : table.take(Array.from(lastAsking.keys()).sort((left, right) => left - right), columns)
    for await (const batch of batches) {
      const { rowIds, values, isWhole } = decodeVectors(batch, parts, dim)
      for (let row = 0; row < rowIds.length; row++) {
        let position = lastAsking.get(rowIds[row]!)
        if (position === undefined) continue
        if (!isWhole(row)) {
          damaged.push(rowIds[row]!)
          continue
        }
        for (; position !== -1; position = before[position]!) {
          const place = places[position]!
          positions[place] = position
          values.forEach((part, index) => {
            matrix.set(part.subarray(row * dim, (row + 1) * dim), place * width + index * dim)
          })
        }
      }
    }
    return withoutGaps(positions, matrix, width)
  })
  table.dropDamaged(damaged)
  return result
}

/** Moves rows together where some were not found. */
function withoutGaps(positions: Int32Array, matrix: Float32Array, width: number): ReadVectors {
  const found = Uint32Array.from(positions.filter((position) => position !== -1))
  if (found.length < positions.length) {
    let to = 0
    positions.forEach((position, from) => {
      if (position === -1) return
      if (to < from) matrix.copyWithin(to * width, from * width, (from + 1) * width)
      to++
    })
  }
  return { found, matrix: matrix.subarray(0, found.length * width) }
}
