/** @file The field of numbers or colours that the overlay shows for an analysis and a view, and its picture. Pure. */
import type { Analysis, AttentionMaps } from '../../engine/contract'
import { applyColourMap, keepTopMass, meanOverHeads, rangeOf, resampleBilinear, type ColourMapName, type ValueRange } from '../../engine/display'
import type { ReadyAnalysis } from './inspector-reducer'
import type { InspectorView, PatchGrid } from './inspector-view'

interface FieldBase extends PatchGrid {
  /** 0 where nothing is drawn, uint8 [patches]; undefined where everything is. */
  readonly mask: Uint8Array | undefined
}
export type ShownField =
  | (FieldBase & { readonly kind: 'scalar'; readonly quantity: 'attention' | 'cosine' | 'metres' | 'cut'; readonly values: Float32Array; readonly range: ValueRange })
  | (FieldBase & { readonly kind: 'colour'; readonly rgb: Uint8Array })

export interface FieldOptions {
  readonly sharedRange: boolean
  readonly foregroundOnly: boolean
}

/** The weights of one head, or the mean of all: float32 [patches]. */
export function headWeights(maps: AttentionMaps, head: number | 'mean'): Float32Array {
  if (head === 'mean') return meanOverHeads(maps.weights, maps.heads)
  const patches = maps.weights.length / maps.heads
  return maps.weights.subarray(head * patches, (head + 1) * patches)
}

/** The attention field of one head under the mass threshold. */
export function attentionField(analysis: Analysis, maps: AttentionMaps, head: number | 'mean', mass: number, sharedRange: boolean): ShownField {
  const values = headWeights(maps, head)
  const { gridHeight, gridWidth } = analysis
  const range = rangeOf(sharedRange ? maps.weights : values)
  return { kind: 'scalar', quantity: 'attention', values, range, gridHeight, gridWidth, mask: mass < 1 ? keepTopMass(values, mass) : undefined }
}

/** What the overlay shows, or undefined while it is not there yet. */
export function shownField(state: ReadyAnalysis, view: InspectorView, options: FieldOptions): ShownField | undefined {
  const { analysis } = state
  const { gridHeight, gridWidth } = analysis
  switch (view.mode) {
    case 'attention':
      return state.attention && attentionField(analysis, state.attention, view.head, view.mass, options.sharedRange)
    case 'pca':
      return { kind: 'colour', rgb: analysis.pca.rgb, gridHeight, gridWidth, mask: options.foregroundOnly ? analysis.pca.foreground : undefined }
    case 'similarity': {
      if (state.similarity === undefined) return undefined
      const values = state.similarity.cosine
      return { kind: 'scalar', quantity: 'cosine', values, range: rangeOf(values), gridHeight, gridWidth, mask: undefined }
    }
    // These are asked for when they are looked at: stores/inspector-dense.
    case 'parts':
    case 'object':
    case 'depth':
      return undefined
  }
}

/** Pixels of a field, for ImageData. */
export interface FieldPicture {
  readonly rgba: Uint8Array<ArrayBuffer>
  readonly height: number
  readonly width: number
}

/** Longest edge of an interpolated field; beyond it the browser's own scaling is smooth enough. */
const smoothEdge = 448

function withAlpha(rgba: Uint8Array<ArrayBuffer>, alpha: ArrayLike<number> | undefined): Uint8Array<ArrayBuffer> {
  if (alpha !== undefined) for (let index = 0; index < alpha.length; index += 1) rgba[index * 4 + 3] = Math.round((alpha[index] ?? 0) * 255)
  return rgba
}

function colours(rgb: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const rgba = new Uint8Array((rgb.length / 3) * 4)
  for (let pixel = 0; pixel < rgba.length / 4; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) rgba[pixel * 4 + channel] = Math.round(rgb[pixel * 3 + channel] ?? 0)
    rgba[pixel * 4 + 3] = 255
  }
  return rgba
}

/** Draws a field: one pixel per patch, or interpolated. Interpolation is of the numbers, so every colour is on the map. */
export function renderField(field: ShownField, map: ColourMapName, smooth: boolean): FieldPicture {
  const { gridHeight, gridWidth, mask } = field
  const scale = smooth ? Math.max(1, Math.floor(smoothEdge / Math.max(gridHeight, gridWidth))) : 1
  const height = gridHeight * scale
  const width = gridWidth * scale
  const sample = (values: ArrayLike<number>, channels?: number): ArrayLike<number> =>
    scale === 1 ? values : resampleBilinear(values, gridHeight, gridWidth, height, width, channels)
  const alpha = mask === undefined ? undefined : sample(mask)
  if (field.kind === 'colour') return { rgba: withAlpha(colours(sample(field.rgb, 3)), alpha), height, width }
  const rgba = applyColourMap(sample(field.values), field.range.min, field.range.max, map)
  return { rgba: withAlpha(rgba, alpha), height, width }
}

/** A cheap 32-bit number that changes with what is shown (FNV-1a over the bytes), for tests that look at the page. */
export function fieldHash(field: ShownField): number {
  let hash = 0x811c9dc5
  const take = (array: Float32Array | Uint8Array): void => {
    for (const byte of new Uint8Array(array.buffer, array.byteOffset, array.byteLength)) hash = Math.imul(hash ^ byte, 0x01000193)
  }
  take(field.kind === 'colour' ? field.rgb : field.values)
  if (field.mask !== undefined) take(field.mask)
  return hash >>> 0
}

/**
 * The patches most like `patch`, best first. Patches that touch it or a better match are left out, since a patch is
 * nearly always most like the one beside it and that tells nothing.
 */
export function bestMatches(cosine: Float32Array, patch: number, gridWidth: number, count: number): readonly number[] {
  const touches = (a: number, b: number): boolean =>
    Math.abs(Math.floor(a / gridWidth) - Math.floor(b / gridWidth)) <= 1 && Math.abs((a % gridWidth) - (b % gridWidth)) <= 1
  const byCosine = Array.from(cosine.keys()).sort((a, b) => (cosine[b] ?? 0) - (cosine[a] ?? 0) || a - b)
  const matches: number[] = []
  for (const candidate of byCosine) {
    if (matches.length === count) break
    if (!touches(candidate, patch) && !matches.some((match) => touches(candidate, match))) matches.push(candidate)
  }
  return matches
}
