/** @file What the person has chosen to look at in an analysis, and how that choice carries over to the next one. Pure. */
import type { Analysis } from '../../engine/contract'
import { meanOverHeads } from '../../engine/display'

export const inspectorModes = ['attention', 'pca', 'similarity', 'parts', 'object', 'depth'] as const
export type InspectorMode = (typeof inspectorModes)[number]

export interface PatchGrid {
  readonly gridHeight: number
  readonly gridWidth: number
}

export interface InspectorView {
  readonly mode: InspectorMode
  readonly head: number | 'mean'
  /** 0-based block, or whichever is the last. */
  readonly layer: number | 'last'
  readonly query: 'cls' | number
  /** The patch that similarity starts from; undefined until an analysis has proposed one. */
  readonly patch: number | undefined
  /** Patches that were brushed, to be looked for together. */
  readonly region: readonly number[]
  /** Share of the attention mass that is kept, 0..1. */
  readonly mass: number
}

export const initialView: InspectorView = { mode: 'attention', head: 'mean', layer: 'last', query: 'cls', patch: undefined, region: [], mass: 1 }

/** The engine takes no more patches in one search. */
const largestRegion = 500

/** The region with `patch` in it, once; a full region stays as it is. */
export function brushedRegion(region: readonly number[], patch: number): readonly number[] {
  return region.includes(patch) || region.length >= largestRegion ? region : [...region, patch]
}

/** The patch that `dx`, `dy` leads to, held inside the grid. */
export function neighbourPatch(patch: number, dx: number, dy: number, grid: PatchGrid): number {
  const row = Math.floor(patch / grid.gridWidth)
  const column = patch % grid.gridWidth
  const hold = (value: number, size: number): number => Math.min(size - 1, Math.max(0, value))
  return hold(row + dy, grid.gridHeight) * grid.gridWidth + hold(column + dx, grid.gridWidth)
}

/** The patch of `to` that lies where `patch` lies in `from`. */
export function remapPatch(patch: number, from: PatchGrid, to: PatchGrid): number {
  const scale = (value: number, fromSize: number, toSize: number): number =>
    Math.min(toSize - 1, Math.floor(((value + 0.5) * toSize) / fromSize))
  const row = scale(Math.floor(patch / from.gridWidth), from.gridHeight, to.gridHeight)
  return row * to.gridWidth + scale(patch % from.gridWidth, from.gridWidth, to.gridWidth)
}

/** The patch that the heads of `analysis` look at most, or the middle one where that is not known: a first patch worth comparing. */
export function salientPatch(analysis: Analysis): number {
  const { attention, gridHeight, gridWidth } = analysis
  if (attention === undefined) return Math.floor(gridHeight / 2) * gridWidth + Math.floor(gridWidth / 2)
  const mean = meanOverHeads(attention.weights, attention.heads)
  return mean.reduce((best, value, patch) => (value > (mean[best] ?? -Infinity) ? patch : best), 0)
}

/**
 * The view for `next`: heads and layers that do not exist fall back; patches keep their place in the same picture
 * and start anew in another.
 */
export function viewFor(view: InspectorView, previous: Analysis | undefined, next: Analysis): InspectorView {
  const samePicture = previous !== undefined && previous.imageId === next.imageId
  const place = (patch: number): number => (previous === undefined ? patch : remapPatch(patch, previous, next))
  return {
    ...view,
    region: samePicture && previous.gridHeight === next.gridHeight && previous.gridWidth === next.gridWidth ? view.region : [],
    head: view.head !== 'mean' && view.head >= next.heads ? 'mean' : view.head,
    layer: view.layer !== 'last' && view.layer >= next.layers ? 'last' : view.layer,
    query: samePicture && view.query !== 'cls' ? place(view.query) : 'cls',
    patch: samePicture && view.patch !== undefined ? place(view.patch) : salientPatch(next),
  }
}

/** 0-based block that the view shows. */
export function layerIndex(view: InspectorView, analysis: Analysis): number {
  return view.layer === 'last' ? analysis.layers - 1 : view.layer
}
