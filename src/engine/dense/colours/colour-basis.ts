/** @file Three directions in the space of patch tokens as red, green and blue: frozen, they mean the same in every picture. */
import { alongAxes, principalAxes, type MapOptions, type VectorSet } from '../../collection'
import { colourRange, normaliseRows, type RowProducts } from '../../inference'
import type { PatchBasis } from '../../library'

/** How unit patch tokens become colours. */
export interface ColourBasis {
  readonly dim: number
  /** Orthonormal, float32 [3, dim]. */
  readonly axes: Float32Array
  /** Where the mean lies along each axis. */
  readonly offsets: readonly number[]
  /** Coordinates that become 0 and 255. */
  readonly low: readonly number[]
  readonly high: readonly number[]
  /** Share of the variance along each axis, 0..1. */
  readonly explained: readonly number[]
}

const channels = 3

/** The sign that makes the entry of largest magnitude positive, so that a basis fitted again has the same colours. */
function fixSign(axis: Float32Array): -1 | 1 {
  let largest = 0
  for (const value of axis) if (Math.abs(value) > Math.abs(largest)) largest = value
  return largest < 0 ? -1 : 1
}

/** Axes among the columns of compact tokens, as axes among those of the tokens themselves; the last column, what is across the patch basis, is the same for all. */
function inTokenSpace({ dim, dims, axes }: PatchBasis, directions: Float32Array): Float32Array {
  const found = new Float32Array(channels * dim)
  for (let channel = 0; channel < directions.length / (dims + 1); channel++)
    for (let along = 0; along < dims; along++) {
      const weight = directions[channel * (dims + 1) + along]!
      for (let column = 0; column < dim; column++) found[channel * dim + column]! += weight * axes[along * dim + column]!
    }
  return found
}

/**
 * Principal components of compact patch tokens; the outermost percent at each end of a component is clipped.
 * @param points compact tokens as `patchVectors` gives them
 * Source: DINOv2 (arXiv 2304.07193) figure 1: one PCA over the patches of several pictures.
 * @throws the signal's reason
 */
export async function fitColours(basis: PatchBasis, points: VectorSet, options: MapOptions): Promise<ColourBasis> {
  const { dim } = basis
  const found = await principalAxes(points, channels, options)
  const along = await alongAxes(points, found, options)
  const width = found.offsets.length
  const axes = inTokenSpace(basis, found.directions)
  const low: number[] = []
  const high: number[] = []
  const offsets: number[] = []
  for (let channel = 0; channel < channels; channel++) {
    const axis = axes.subarray(channel * dim, (channel + 1) * dim)
    const sign = fixSign(axis)
    axis.forEach((value, column) => {
      axis[column] = sign * value
    })
    const range = colourRange(Array.from({ length: points.rows.length }, (_, point) => sign * (along[point * width + channel] ?? 0)))
    offsets.push(sign * (found.offsets[channel] ?? 0))
    low.push(range.low)
    high.push(range.high)
  }
  return { dim, axes, offsets, low, high, explained: found.explained }
}

/** uint8 [rows, 3] of coordinates along the axes before the offsets are taken away, float32 [rows, 3]. */
function stretch({ offsets, low, high }: ColourBasis, along: Float32Array): Uint8Array {
  return Uint8Array.from(along, (value, index) => {
    const channel = index % channels
    const share = (value - offsets[channel]! - low[channel]!) / (high[channel]! - low[channel]!)
    return Math.round(255 * Math.min(1, Math.max(0, share)))
  })
}

/**
 * Colours of patch tokens as a model gives them.
 * @param tokens after the final norm, of any length, float32 [patches, dim]
 * @returns uint8 [patches, 3]
 */
export async function colourTokens(colours: ColourBasis, tokens: Float32Array, products: RowProducts): Promise<Uint8Array> {
  return stretch(colours, await products(normaliseRows(tokens, colours.dim), colours.axes, colours.dim))
}

/**
 * Colours of compact patch tokens.
 * @param vectors as `patchVectors` gives them, float32 [points, dims + 1]
 * @returns uint8 [points, 3]
 */
export async function colourVectors(colours: ColourBasis, { dim, dims, axes }: PatchBasis, vectors: Float32Array, products: RowProducts): Promise<Uint8Array> {
  const onBasis = await products(colours.axes, axes, dim)
  const columns = new Float32Array(channels * (dims + 1))
  for (let channel = 0; channel < channels; channel++) columns.set(onBasis.subarray(channel * dims, (channel + 1) * dims), channel * (dims + 1))
  return stretch(colours, await products(vectors, columns, dims + 1))
}
