/** @file Lists of the most similar so far, filled from blocks of products. */

/** The most similar references of each query so far, most similar first. */
export interface NearestLists {
  readonly count: number
  /** float32 and int32 `[queries, count]`; -Infinity and -1 where there are fewer. */
  readonly similarities: Float32Array
  readonly rows: Int32Array
}

export function emptyNearest(queries: number, count: number): NearestLists {
  return { count, similarities: new Float32Array(queries * count).fill(-Infinity), rows: new Int32Array(queries * count).fill(-1) }
}

/** Puts a reference that is more similar than the last of a query's list behind all that are no less similar. */
function insert({ count, similarities, rows }: NearestLists, query: number, similarity: number, reference: number): void {
  const start = query * count
  let at = start + count - 1
  while (at > start && similarity > similarities[at - 1]!) {
    similarities[at] = similarities[at - 1]!
    rows[at] = rows[at - 1]!
    at--
  }
  similarities[at] = similarity
  rows[at] = reference
}

/**
 * Takes one block of references into the neighbours of one query. References come in rising order and only a larger
 * similarity goes ahead, so of equal ones the first stays first: the result does not depend on the blocks.
 */
export function takeNearest(lists: NearestLists, query: number, products: Float32Array, from: number, columns: number, firstReference: number, itself: number): void {
  const { count, similarities } = lists
  const last = (query + 1) * count - 1
  let worst = similarities[last]!
  for (let column = 0; column < columns; column++) {
    const similarity = products[from + column]!
    if (!(similarity > worst) || firstReference + column === itself) continue
    insert(lists, query, similarity, firstReference + column)
    worst = similarities[last]!
  }
}

/**
 * Takes products that serve both sides: those of vectors `firstRow`… with `firstColumn`…, of one set, `[rows, columns]`.
 * Each row gets the columns as references, and each column the rows. Blocks must come by rising row, then by rising
 * column, and lie above the diagonal; then each vector meets its references in rising order, as in {@link takeNearest}.
 */
export function takeNearestBothWays(lists: NearestLists, products: Float32Array, firstRow: number, rows: number, firstColumn: number, columns: number): void {
  const { count, similarities } = lists
  const worstOfColumn = Float32Array.from({ length: columns }, (_, column) => similarities[(firstColumn + column + 1) * count - 1]!)
  for (let row = 0; row < rows; row++) {
    const last = (firstRow + row + 1) * count - 1
    let worstOfRow = similarities[last]!
    for (let column = 0, at = row * columns; column < columns; column++, at++) {
      const similarity = products[at]!
      if (similarity > worstOfRow) {
        insert(lists, firstRow + row, similarity, firstColumn + column)
        worstOfRow = similarities[last]!
      }
      if (similarity > worstOfColumn[column]!) {
        insert(lists, firstColumn + column, similarity, firstRow + row)
        worstOfColumn[column] = similarities[(firstColumn + column + 1) * count - 1]!
      }
    }
  }
}
