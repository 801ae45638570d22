/** @file Pieces of a mask that hang together. */

export interface Components {
  readonly count: number
  /** Piece of each cell, 0 .. count − 1 in order of their first cell; −1 outside the mask. int32 [height, width]. */
  readonly labels: Int32Array
}

/**
 * Pieces that touch by their sides.
 * @param inside 1 where a cell belongs to the mask, [height, width]
 */
export function connectedComponents(inside: Uint8Array, width: number): Components {
  const labels = new Int32Array(inside.length).fill(-1)
  const height = inside.length / width
  const waiting = new Int32Array(inside.length)
  let count = 0
  const visit = (cell: number, end: number): number => {
    if (inside[cell] === 0 || labels[cell]! >= 0) return end
    labels[cell] = count
    waiting[end] = cell
    return end + 1
  }
  for (let first = 0; first < inside.length; first++) {
    let end = visit(first, 0)
    if (end === 0) continue
    for (let next = 0; next < end; next++) {
      const cell = waiting[next]!
      const [x, y] = [cell % width, Math.floor(cell / width)]
      if (x > 0) end = visit(cell - 1, end)
      if (x < width - 1) end = visit(cell + 1, end)
      if (y > 0) end = visit(cell - width, end)
      if (y < height - 1) end = visit(cell + width, end)
    }
    count++
  }
  return { count, labels }
}
