/** @file Where rows lie in a table: numbers of LanceDB, rising in the order of the rows, valid until it moves them together. */

/** Rows in one stretch are named by their ends where that is shorter. */
const shortestStretch = 8
const namesAtOnce = 4000
const stretchesAtOnce = 64

interface Stretch {
  readonly first: number
  readonly last: number
}

function stretchesOf(rowIds: readonly number[]): readonly Stretch[] {
  const stretches: { first: number; last: number }[] = []
  for (const rowId of [...rowIds].sort((left, right) => left - right)) {
    const current = stretches.at(-1)
    if (current !== undefined && rowId <= current.last + 1) current.last = rowId
    else stretches.push({ first: rowId, last: rowId })
  }
  return stretches
}

function inGroups<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, group) => items.slice(group * size, (group + 1) * size))
}

/** Conditions that name these rows, each of a length that the query's parser can take. */
export function conditionsOf(rowIds: readonly number[]): readonly string[] {
  const stretches = stretchesOf(rowIds)
  const isLong = ({ first, last }: Stretch): boolean => last - first + 1 >= shortestStretch
  const single = stretches.filter((stretch) => !isLong(stretch)).flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index))
  return [
    ...inGroups(stretches.filter(isLong), stretchesAtOnce).map((group) => group.map(({ first, last }) => `(_rowid >= ${first} AND _rowid <= ${last})`).join(' OR ')),
    ...inGroups(single, namesAtOnce).map((group) => `_rowid IN (${group.join(',')})`),
  ]
}

/** A condition that names the rows between two others; an end that is not there is open. */
export function conditionBetween(after: number | undefined, before: number | undefined): string {
  const conditions = [after === undefined ? undefined : `_rowid > ${after}`, before === undefined ? undefined : `_rowid < ${before}`].filter((one) => one !== undefined)
  return conditions.length === 0 ? 'true' : conditions.join(' AND ')
}
