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

export interface PcaMap {
  /** float32 [points, dims], centred, longest extent 2. */
  readonly coordinates: Float32Array
  /** Share of the variance along each axis, 0..1. */
  readonly explained: readonly number[]
}

/**
 * The vectors along their `dims` directions of most variance. Where there are fewer directions than that, the rest of the
 * coordinates are 0. The same vectors give the same map, to the sign.
 * @throws the signal's reason
 */
export async function projectPca(set: VectorSet, dims: 2 | 3, { products, signal, emit }: MapOptions): Promise<PcaMap> {
  const { dim, rows, matrix } = set
  const count = rows.length
  const progress = createProgress('Finding principal components', count, emit)
  let done = 0
  const { mean, covariance, total } = await covarianceOf(set, {
    products,
    signal,
    onProgress: (to) => {
      progress.advance(to - done)
      done = to
    },
  })
  const { axes, variances } = await leadingAxes(covariance, dim, dims, { products, signal })
  const directions = new Float32Array(axes.length * dim)
  axes.forEach((axis, row) => {
    directions.set(axis, row * dim)
  })
  const offsets = axes.map((axis) => axis.reduce((sum, value, column) => sum + value * mean[column]!, 0))
  const coordinates = new Float32Array(count * dims)
  await inSlices(count, rowsPerProduct(dim, dims), signal, async (from, to) => {
    const along = await products(matrix.subarray(from * dim, to * dim), directions, dim)
    for (let row = from; row < to; row++) for (let axis = 0; axis < axes.length; axis++) coordinates[row * dims + axis] = along[(row - from) * axes.length + axis]! - offsets[axis]!
  })
  progress.finish()
  const explained = Array.from({ length: dims }, (_, axis) => (total > 0 ? Math.min(1, (variances[axis] ?? 0) / total) : 0))
  return { coordinates: fitToExtent(coordinates, dims), explained }
}
