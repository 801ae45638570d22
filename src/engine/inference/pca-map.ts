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
 * Which sign of the first component is foreground. PCA leaves the sign open; the side that is rarer along the border of
 * the picture is taken as foreground, and where both are as common the axis keeps its fixed sign.
 */
function foregroundSign(rows: readonly number[], firstScores: Float32Array, grid: PatchGrid): number {
  let borderSum = 0
  let borderCount = 0
  let innerSum = 0
  let innerCount = 0
  firstScores.forEach((score, index) => {
    if (isBorder(rows[index]!, grid)) {
      borderSum += Math.sign(score)
      borderCount++
    } else {
      innerSum += Math.sign(score)
      innerCount++
    }
  })
  const border = borderCount === 0 ? 0 : borderSum / borderCount
  const inner = innerCount === 0 ? 0 : innerSum / innerCount
  return border > inner ? -1 : 1
}

/** The bounds between which one component is stretched to 0..255; the outermost percent at each end is clipped. */
export function colourRange(scores: readonly number[]): { readonly low: number; readonly high: number } {
  const sorted = [...scores].sort((a, b) => a - b)
  const cut = Math.floor(sorted.length * outlierShare)
  const low = sorted[cut] ?? 0
  const high = sorted[sorted.length - 1 - cut] ?? 0
  return { low, high: high > low ? high : low + 1 }
}

/** How the patches of one picture become colours. */
interface PcaFit {
  readonly first: PrincipalComponents
  readonly sign: number
  readonly fit: PrincipalComponents
  readonly ranges: readonly { readonly low: number; readonly high: number }[]
  readonly note: string
}

/** Fits the axes and their ranges on some rows of the picture. */
function fitPca({ data, dim, rows }: RowSet, grid: PatchGrid): PcaFit {
  const sample: RowSet = { data, dim, rows }
  const first = principalComponents(sample, 1)
  const firstScores = project(sample, first)
  const sign = foregroundSign(rows, firstScores, grid)
  const inside = rows.filter((_row, index) => firstScores[index]! * sign > 0)
  const fitted = inside.length > components ? { ...sample, rows: inside } : sample
  const fit = principalComponents(fitted, components)
  const scores = project(fitted, fit)
  const width = fit.axes.length
  const ranges = fit.axes.map((_axis, component) => colourRange(fitted.rows.map((_row, index) => scores[index * width + component]!)))
  const of = rows.length === grid.height * grid.width ? `${rows.length}` : `${rows.length} sampled`
  const which = fitted === sample ? 'all' : 'the foreground by the first component'
  return { first, sign, fit, ranges, note: `Three principal components of ${fitted.rows.length} of ${of} patch tokens (${which}), outer ${100 * outlierShare} % clipped` }
}

/** Colours rows `from` up to `to` and tells which are foreground. */
function paint({ first, sign, fit, ranges }: PcaFit, data: Float32Array, dim: number, from: number, to: number, target: Pick<PcaMap, 'rgb' | 'foreground'>): void {
  const set: RowSet = { data, dim, rows: Array.from({ length: to - from }, (_, index) => from + index) }
  project(set, first).forEach((score, index) => (target.foreground[from + index] = score * sign > 0 ? 1 : 0))
  const scores = project(set, fit)
  const width = fit.axes.length
  ranges.forEach(({ low, high }, component) => {
    for (let index = 0; index < to - from; index++)
      target.rgb[(from + index) * components + component] = Math.round(255 * Math.min(1, Math.max(0, (scores[index * width + component]! - low) / (high - low))))
  })
}

/**
 * The PCA picture of one image's patch tokens (never CLS or registers).
 * @param patchTokens float32 `[patches, dim]`, row-major over `grid`
 * Source: DINOv2 (arXiv 2304.07193) figure 1; sign and range fixed here so that the same picture gives the same colours.
 */
export function pcaMap(patchTokens: Float32Array, dim: number, grid: PatchGrid): PcaMap {
  const count = grid.height * grid.width
  const fit = fitPca({ data: patchTokens, dim, rows: rowsWhere(count, () => true) }, grid)
  const map = { rgb: new Uint8Array(count * components), foreground: new Uint8Array(count) }
  paint(fit, patchTokens, dim, 0, count, map)
  return { ...map, explained: fit.fit.explained, note: fit.note }
}

/** Patches that the axes of a large picture are fitted on. */
const sampledPatches = 2048
/** Patches coloured between two turns of the event loop. */
const rowsAtOnce = 2048

/** Rows that stand for many: all where there are few, else some from all over the grid. Not a fixed step: it could meet the same columns of the grid in every row. */
export function spreadRows(count: number): number[] {
  if (count <= sampledPatches) return rowsWhere(count, () => true)
  return Array.from({ length: sampledPatches }, (_, index) => Math.floor(((index + ((index * 0.618034) % 1)) * count) / sampledPatches)).filter((row) => row < count)
}

/** {@link pcaMap} of a picture of many patches: fitted on a sample of them, coloured in slices. */
export async function largePcaMap(patchTokens: Float32Array, dim: number, grid: PatchGrid): Promise<PcaMap> {
  const count = grid.height * grid.width
  const fit = fitPca({ data: patchTokens, dim, rows: spreadRows(count) }, grid)
  const map = { rgb: new Uint8Array(count * components), foreground: new Uint8Array(count) }
  for (let from = 0; from < count; from += rowsAtOnce) {
    await new Promise(setImmediate)
    paint(fit, patchTokens, dim, from, Math.min(count, from + rowsAtOnce), map)
  }
  return { ...map, explained: fit.fit.explained, note: fit.note }
}
