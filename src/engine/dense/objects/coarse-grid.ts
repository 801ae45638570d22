/** @file Objects of pictures with more patches than can be compared with each other: found on a coarser grid, told on the fine one. */
import type { FoundObject } from '../../contract'
import type { PatchGrid } from '../../inference'
import { boxOf } from './found'
import { maxGraphPatches } from './similarity-graph'
import type { ObjectFeatures } from './token-cut'

const cellsOf = ({ height, width }: PatchGrid): number => height * width

/** The largest grid of nearly the same aspect with at most `most` cells; the grid itself where it has no more. */
export function coarserGrid(grid: PatchGrid, most: number = maxGraphPatches): PatchGrid {
  if (cellsOf(grid) <= most) return grid
  const along = (edge: number, other: number): number => Math.max(1, Math.floor(Math.sqrt((most * edge) / other)))
  // A strip so thin that one edge is held at one patch would still have too many along the other.
  const width = Math.min(most, along(grid.width, grid.height))
  return { height: Math.min(Math.floor(most / width), along(grid.height, grid.width)), width }
}

/** The cell of a coarser grid that covers the middle of each patch, uint32 [patches]. */
function coveringCells(fine: PatchGrid, coarse: PatchGrid): Uint32Array {
  const along = (count: number, cells: number): Uint32Array => Uint32Array.from({ length: count }, (_, at) => Math.floor(((at + 0.5) * cells) / count))
  const [rows, columns] = [along(fine.height, coarse.height), along(fine.width, coarse.width)]
  return Uint32Array.from({ length: cellsOf(fine) }, (_, patch) => rows[Math.floor(patch / fine.width)]! * coarse.width + columns[patch % fine.width]!)
}

/** Mean keys of the cells of {@link coarserGrid}; the features themselves where there are few enough patches. */
export function coarserFeatures(features: ObjectFeatures, most: number = maxGraphPatches): ObjectFeatures {
  const { keys, dim, grid } = features
  const coarse = coarserGrid(grid, most)
  if (coarse === grid) return features
  const sums = new Float32Array(cellsOf(coarse) * dim)
  const sizes = new Uint32Array(cellsOf(coarse))
  coveringCells(grid, coarse).forEach((cell, patch) => {
    sizes[cell]!++
    for (let column = 0; column < dim; column++) sums[cell * dim + column]! += keys[patch * dim + column]!
  })
  return { keys: sums.map((sum, index) => sum / Math.max(1, sizes[Math.floor(index / dim)]!)), dim, grid: coarse }
}

/** What was found on a coarse grid, told in patches of a finer one; says so. */
export function onFinerGrid(found: FoundObject, coarse: PatchGrid, fine: PatchGrid): FoundObject {
  if (coarse.height === fine.height && coarse.width === fine.width) return found
  const cells = coveringCells(fine, coarse)
  const mask = Uint8Array.from(cells, (cell) => found.mask[cell]!)
  const note = `${found.note}. Looked for on a coarser grid of ${coarse.height} × ${coarse.width} instead of ${fine.height} × ${fine.width} patches`
  return { ...found, mask, field: Float32Array.from(cells, (cell) => found.field[cell]!), box: boxOf(mask, fine.width), seed: found.seed < 0 ? -1 : middleOf(cells, found.seed), note }
}

/** The middle one of the patches in a cell. */
function middleOf(cells: Uint32Array, cell: number): number {
  const inside = [...cells.keys()].filter((patch) => cells[patch] === cell)
  return inside[inside.length >> 1] ?? -1
}
