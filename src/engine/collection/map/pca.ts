/** @file A map by principal components: the flat shadow that keeps most of the variance. */
import type { Progress } from '../../contract'
import { createProgress } from '../../progress'
import type { RowProducts } from '../../inference'
import { inSlices } from '../slices'
import type { VectorSet } from '../vector-set'
import { covarianceOf, rowsPerProduct } from './covariance'
import { fitToExtent } from './extent'
import { leadingAxes } from './leading-axes'

export interface MapOptions {
  readonly products: RowProducts
  readonly signal: AbortSignal
  emit(progress: Progress): void
}

/** Directions of most variance of a set, and where its mean lies along them. */
export interface PrincipalAxes {
  /** At unit length, by falling variance, float32 [axes, dim]; zeros where there is no variance left. */
  readonly directions: Float32Array
  /** The mean along each of them. */
  readonly offsets: readonly number[]
  /** Share of the variance along each of them, 0..1. */
  readonly explained: readonly number[]
}

export interface PcaMap {
  /** float32 [points, dims], centred, longest extent 2. */
  readonly coordinates: Float32Array
  /** Share of the variance along each axis, 0..1. */
  readonly explained: readonly number[]
}

/**
 * The `count` directions of most variance; fewer where the set has fewer columns. The same vectors give the same, to the sign.
 * @throws the signal's reason
 */
export async function principalAxes(set: VectorSet, count: number, { products, signal, emit }: MapOptions): Promise<PrincipalAxes> {
  const { dim, rows } = set
  const progress = createProgress('Finding principal components', rows.length, emit)
  let done = 0
  const { mean, covariance, total } = await covarianceOf(set, {
    products,
    signal,
    onProgress: (to) => {
      progress.advance(to - done)
      done = to
    },
  })
  const { axes, variances } = await leadingAxes(covariance, dim, count, { products, signal })
  const directions = new Float32Array(axes.length * dim)
  axes.forEach((axis, row) => {
    directions.set(axis, row * dim)
  })
  progress.finish()
  return {
    directions,
    offsets: axes.map((axis) => axis.reduce((sum, value, column) => sum + value * mean[column]!, 0)),
    explained: Array.from({ length: count }, (_, axis) => (total > 0 ? Math.min(1, (variances[axis] ?? 0) / total) : 0)),
  }
}

/** Coordinates of every vector along the axes, float32 [count, axes]. @throws the signal's reason */
export async function alongAxes({ dim, rows, matrix }: VectorSet, { directions, offsets }: PrincipalAxes, { products, signal }: Pick<MapOptions, 'products' | 'signal'>): Promise<Float32Array> {
  const axes = offsets.length
  const coordinates = new Float32Array(rows.length * axes)
  await inSlices(rows.length, rowsPerProduct(dim, axes), signal, async (from, to) => {
    const along = await products(matrix.subarray(from * dim, to * dim), directions, dim)
    along.forEach((value, index) => {
      coordinates[from * axes + index] = value - offsets[index % axes]!
    })
  })
  return coordinates
}

/**
 * The vectors along their `dims` directions of most variance. Where there are fewer directions than that, the rest of the
 * coordinates are 0. The same vectors give the same map, to the sign.
 * @throws the signal's reason
 */
export async function projectPca(set: VectorSet, dims: 2 | 3, options: MapOptions): Promise<PcaMap> {
  const found = await principalAxes(set, dims, options)
  const along = await alongAxes(set, found, options)
  const axes = found.offsets.length
  const coordinates = new Float32Array(set.rows.length * dims)
  for (let row = 0; row < set.rows.length; row++) for (let axis = 0; axis < axes; axis++) coordinates[row * dims + axis] = along[row * axes + axis]!
  return { coordinates: fitToExtent(coordinates, dims), explained: found.explained }
}
