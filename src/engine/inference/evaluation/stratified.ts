/** @file Some of the rows of each class kept apart, evenly: the same ones every time. */

export interface Parts {
  /** Rows that stay, rising; int32. */
  readonly rest: Int32Array
  /** Rows that are kept apart, rising; int32. */
  readonly apart: Int32Array
}

/**
 * Keeps `1 / parts` of each class apart, spread evenly over its rows: at least one of a class that has two, none of a class
 * that has one.
 * @param labels of the rows, `[rows]`
 */
export function stratifiedParts(labels: Int32Array, classes: number, parts: number): Parts {
  const sizes = new Uint32Array(classes)
  for (const label of labels) sizes[label]!++
  const counts = Array.from(sizes, (size) => (size < 2 ? 0 : Math.max(1, Math.round(size / parts))))
  const passed = new Uint32Array(classes)
  const isApart = labels.map((label) => {
    const [place, size, count] = [passed[label]!++, sizes[label]!, counts[label]!]
    // The first place at or after each of the even steps.
    return Number(Math.floor(((place + 1) * count) / size) > Math.floor((place * count) / size))
  })
  const rows = Int32Array.from(labels.keys())
  return { rest: rows.filter((row) => isApart[row] === 0), apart: rows.filter((row) => isApart[row] === 1) }
}
