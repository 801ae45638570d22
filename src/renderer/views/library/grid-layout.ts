/** @file Where tiles go: columns, rows with folder headings, and what the arrow keys reach. Pure. */

export interface GridMetrics {
  readonly columns: number
  /** Edge of a tile's picture in CSS pixels: the asked size, widened so that a row fills the width. */
  readonly tile: number
}

export type GridRow =
  | { readonly kind: 'heading'; readonly folder: string; readonly count: number }
  /** Positions `start` up to `end` in the order shown. */
  | { readonly kind: 'tiles'; readonly start: number; readonly end: number }

/** As many columns as fit at the asked size, never less than one. */
export function gridMetrics(width: number, tileSize: number, gap: number): GridMetrics {
  const columns = Math.max(1, Math.floor((width + gap) / (tileSize + gap)))
  return { columns, tile: Math.max(1, Math.floor((width - gap * (columns - 1)) / columns)) }
}

function tileRows(start: number, end: number, columns: number): GridRow[] {
  const count = Math.ceil((end - start) / columns)
  return Array.from({ length: count }, (_, row) => ({
    kind: 'tiles',
    start: start + row * columns,
    end: Math.min(end, start + (row + 1) * columns),
  }))
}

/** The rows of `count` tiles. With `folderAt`, each run of one folder gets a heading. */
export function gridRows(count: number, columns: number, folderAt?: (position: number) => string): readonly GridRow[] {
  if (folderAt === undefined) return tileRows(0, count, columns)
  const rows: GridRow[] = []
  for (let start = 0; start < count; ) {
    const folder = folderAt(start)
    let end = start + 1
    while (end < count && folderAt(end) === folder) end += 1
    rows.push({ kind: 'heading', folder, count: end - start }, ...tileRows(start, end, columns))
    start = end
  }
  return rows
}

/** Index of the row that holds `position`, -1 where none does. */
export function rowOf(rows: readonly GridRow[], position: number): number {
  let low = 0
  let high = rows.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const row = rows[middle]
    // A heading lies just before the first tile of the row after it.
    const tiles = row?.kind === 'heading' ? rows[middle + 1] : row
    if (tiles?.kind !== 'tiles') return -1
    if (position < tiles.start) high = middle - 1
    else if (position >= tiles.end || row?.kind === 'heading') low = middle + 1
    else return middle
  }
  return -1
}

export type GridMove = 'left' | 'right' | 'up' | 'down' | 'pageUp' | 'pageDown' | 'first' | 'last'

const rowStep: Partial<Record<GridMove, -1 | 1>> = { up: -1, down: 1, pageUp: -1, pageDown: 1 }

/** The position that a key leads to from `position`; at an edge it stays. `pageRows` is how many rows a page jumps. */
export function movedPosition(rows: readonly GridRow[], count: number, position: number, move: GridMove, pageRows: number): number {
  if (count === 0) return -1
  if (move === 'first') return 0
  if (move === 'last') return count - 1
  if (position < 0) return 0
  if (move === 'left') return Math.max(0, position - 1)
  if (move === 'right') return Math.min(count - 1, position + 1)
  const from = rowOf(rows, position)
  const row = rows[from]
  if (row?.kind !== 'tiles') return position
  const direction = rowStep[move] ?? 1
  let left = move === 'pageUp' || move === 'pageDown' ? Math.max(1, pageRows) : 1
  let target = row
  for (let at = from + direction; left > 0 && at >= 0 && at < rows.length; at += direction) {
    const candidate = rows[at]
    if (candidate?.kind !== 'tiles') continue
    target = candidate
    left -= 1
  }
  if (target === row) return position
  return Math.min(target.end - 1, target.start + (position - row.start))
}
