/** @file Search by the store's approximate index, which knows the pictures of all folders. */
import type { Pooling } from '../contract'
import type { Found } from '../collection'
import type { VectorTable } from '../library'
import type { HashRows } from './hash-rows'

export interface IndexSearchOptions {
  readonly pooling: Pooling
  readonly top: number
  readonly without: ReadonlySet<number>
  readonly rowsOf: HashRows
}

/** What is asked for beyond what is wanted, for pictures of other folders. */
const spare = 32
const growth = 4
/** A folder that is a small part of the store is searched faster one by one than by asking for more and more. */
const mostPerWanted = 64

/**
 * Asks the index for more and more until `top` pictures of the folder are found.
 * @param query float32 [dim], at unit length
 * @returns most similar first, of equal ones the lower row; undefined where the index does not give that many
 */
export async function searchByIndex(table: VectorTable, query: Float32Array, { pooling, top, without, rowsOf }: IndexSearchOptions): Promise<Found | undefined> {
  for (let asked = top + without.size + spare; ; asked *= growth) {
    const nearest = await table.nearest(query, pooling, asked, 'index')
    const here = nearest.flatMap(({ hash, cosine }) => (rowsOf.get(hash) ?? []).filter((row) => !without.has(row)).map((row) => ({ row, cosine })))
    if (here.length >= top) {
      const found = here.sort((a, b) => b.cosine - a.cosine || a.row - b.row).slice(0, top)
      return { rows: Uint32Array.from(found, ({ row }) => row), cosines: Float32Array.from(found, ({ cosine }) => cosine) }
    }
    if (nearest.length < asked || asked * growth > mostPerWanted * (top + spare)) return undefined
  }
}
