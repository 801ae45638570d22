/** @file Patch tokens as colours: the first principal component separates foreground from background, the next fit colours the foreground. */
import type { PcaMap } from '../contract'
import type { PatchGrid } from './backbone'
import { principalComponents, project, type PrincipalComponents, type RowSet } from './principal-components'

const components = 3
const outlierShare = 0.01

function rowsWhere(count: number, keep: (row: number) => boolean): number[] {
  return Array.from({ length: count }, (_, row) => row).filter(keep)
}

/** Whether a patch lies on the edge of the grid. */
function isBorder(row: number, { height, width }: PatchGrid): boolean {
  const y = Math.floor(row / width)
  const x = row % width
  return y === 0 || x === 0 || y === height - 1 || x === width - 1
}

/**
 * Foreground by the sign of the first component. PCA leaves the sign open; the side that is rarer along the border of
 * the picture is taken as foreground, and where both are as common the axis keeps its fixed sign.
 */
function foregroundOf(firstScores: Float32Array, grid: PatchGrid): Uint8Array {
  let borderSum = 0
  let borderCount = 0
  let innerSum = 0
  let innerCount = 0
  firstScores.forEach((score, row) => {
    if (isBorder(row, grid)) {
      borderSum += Math.sign(score)
      borderCount++
    } else {
      innerSum += Math.sign(score)
      innerCount++
    }
  })
  const border = borderCount === 0 ? 0 : borderSum / borderCount
  const inner = innerCount === 0 ? 0 : innerSum / innerCount
  const sign = border > inner ? -1 : 1
  return Uint8Array.from(firstScores, (score) => (score * sign > 0 ? 1 : 0))
}

/** The bounds between which one component is stretched to 0..255; the outermost percent at each end is clipped. */
export function colourRange(scores: readonly number[]): { readonly low: number; readonly high: number } {
  const sorted = [...scores].sort((a, b) => a - b)
  const cut = Math.floor(sorted.length * outlierShare)
  const low = sorted[cut] ?? 0
  const high = sorted[sorted.length - 1 - cut] ?? 0
  return { low, high: high > low ? high : low + 1 }
}

/** uint8 `[patches, 3]`: components stretched over the fitted rows, for all rows. */
function colours(all: RowSet, fitted: RowSet, fit: PrincipalComponents): Uint8Array {
  const width = fit.axes.length
  const scores = project(all, fit)
  const fittedScores = project(fitted, fit)
  const rgb = new Uint8Array(all.rows.length * components)
  for (let component = 0; component < width; component++) {
    const { low, high } = colourRange(fitted.rows.map((_, index) => fittedScores[index * width + component]!))
    for (let row = 0; row < all.rows.length; row++)
      rgb[row * components + component] = Math.round(255 * Math.min(1, Math.max(0, (scores[row * width + component]! - low) / (high - low))))
  }
  return rgb
}

/**
 * The PCA picture of one image's patch tokens (never CLS or registers).
 * @param patchTokens float32 `[patches, dim]`, row-major over `grid`
 * Source: DINOv2 (arXiv 2304.07193) figure 1; sign and range fixed here so that the same picture gives the same colours.
 */
export function pcaMap(patchTokens: Float32Array, dim: number, grid: PatchGrid): PcaMap {
  const count = grid.height * grid.width
  const all: RowSet = { data: patchTokens, dim, rows: rowsWhere(count, () => true) }
  const first = principalComponents(all, 1)
  const foreground = foregroundOf(project(all, first), grid)
  const inside = rowsWhere(count, (row) => foreground[row] === 1)
  const fitted = inside.length > components ? { ...all, rows: inside } : all
  const fit = principalComponents(fitted, components)
  return {
    rgb: colours(all, fitted, fit),
    foreground,
    explained: fit.explained,
    note: `Three principal components of ${fitted.rows.length} of ${count} patch tokens (${fitted === all ? 'all' : 'the foreground by the first component'}), outer ${100 * outlierShare} % clipped`,
  }
}
