/**
 * @file Which rows are chosen, as one byte each, and changes to that as the rows whose byte turns over. A change is thus its own
 * reverse: to take it back is to make it again. Pure, except that `turnOver` writes the mask.
 */

/** uint8 [rows], 1 where chosen. */
export type SelectionMask = Uint8Array<ArrayBuffer>

const isRow = (mask: Uint8Array, row: number): boolean => row < mask.length

/** The rows that are 1, ascending. */
export function chosenRows(mask: Uint8Array, count: number): Uint32Array<ArrayBuffer> {
  const rows = new Uint32Array(count)
  let at = 0
  for (let row = 0; row < mask.length && at < count; row += 1) if (mask[row] === 1) rows[at++] = row
  return rows.subarray(0, at)
}

/** `rows` as a mask of `length`; rows beyond it are left out. */
export function maskOf(rows: Iterable<number>, length: number): SelectionMask {
  const mask = new Uint8Array(length)
  for (const row of rows) if (row < length) mask[row] = 1
  return mask
}

/** The rows that differ between two masks of one length, ascending. */
export function turnsBetween(mask: Uint8Array, wanted: Uint8Array): Uint32Array<ArrayBuffer> {
  let count = 0
  for (let row = 0; row < mask.length; row += 1) if (mask[row] !== wanted[row]) count += 1
  const turns = new Uint32Array(count)
  let at = 0
  for (let row = 0; row < mask.length; row += 1) if (mask[row] !== wanted[row]) turns[at++] = row
  return turns
}

/** What makes `rows` the whole selection. */
export function turnsToSet(mask: Uint8Array, rows: Iterable<number>): Uint32Array<ArrayBuffer> {
  return turnsBetween(mask, maskOf(rows, mask.length))
}

/** What puts `rows` into (1) or out of (0) the selection: those that are not so yet, each once. */
export function turnsToMark(mask: Uint8Array, rows: Iterable<number>, mark: 0 | 1): Uint32Array<ArrayBuffer> {
  const wanted = mask.slice()
  for (const row of rows) if (isRow(wanted, row)) wanted[row] = mark
  return turnsBetween(mask, wanted)
}

/** Turns the bytes of `turns` over, in place. Returns by how much the number of chosen rows changed. */
export function turnOver(mask: Uint8Array, turns: Uint32Array): number {
  let change = 0
  for (const row of turns) {
    const next = mask[row] === 1 ? 0 : 1
    mask[row] = next
    change += next === 1 ? 1 : -1
  }
  return change
}

/** Changes made and taken back, newest last. */
export interface SelectionHistory {
  readonly past: readonly Uint32Array[]
  readonly future: readonly Uint32Array[]
}

export const noHistory: SelectionHistory = { past: [], future: [] }
const kept = 100

/** The history after a new change: what had been taken back cannot come again. */
export function historyAfter(history: SelectionHistory, turns: Uint32Array): SelectionHistory {
  return { past: [...history.past, turns].slice(-kept), future: [] }
}

/** The change to make to go a step back, and the history after it; undefined at the beginning. */
export function stepBack({ past, future }: SelectionHistory): { readonly turns: Uint32Array; readonly history: SelectionHistory } | undefined {
  const turns = past.at(-1)
  return turns && { turns, history: { past: past.slice(0, -1), future: [...future, turns] } }
}

/** The change to make to go a step forward again, and the history after it; undefined at the end. */
export function stepForward({ past, future }: SelectionHistory): { readonly turns: Uint32Array; readonly history: SelectionHistory } | undefined {
  const turns = future.at(-1)
  return turns && { turns, history: { past: [...past, turns], future: future.slice(0, -1) } }
}
