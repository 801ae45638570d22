/** @file Resizing learned position embeddings to another grid, with the exact bicubic kernel of each model family. */
import { add, matMul, reshape, slice } from '../ops'
import type { Value } from '../graph'
import type { Tensor } from '../tensor'
import type { PositionInterpolation } from './vit-config'

/** Keys' cubic convolution kernel with parameter `a`. */
function cubic(x: number, a: number): number {
  const t = Math.abs(x)
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1
  if (t < 2) return ((t - 5) * t + 8) * t * a - 4 * a
  return 0
}

/**
 * The weights with which `source` samples make `target` samples along one axis, float32 [target, source].
 * Antialiased: a = -0.5, support widened with the scale, weights renormalised. Otherwise: a = -0.75, four taps with
 * clamped indices, and the coordinate scale source / (target + offset).
 * Source: torch `upsample_bicubic2d`; dino/vision_transformer.py:186-191; dinov2/models/vision_transformer.py:195-210.
 */
export function interpolationWeights(source: number, target: number, { antialias, offset }: PositionInterpolation): Tensor<'float32'> {
  const data = new Float32Array(target * source)
  const deposit = (row: number, column: number, weight: number): void => {
    const index = row * source + column
    data[index] = (data[index] ?? 0) + weight
  }
  for (let row = 0; row < target; row++) {
    if (antialias) {
      const scale = source / target
      const support = 2 * Math.max(scale, 1)
      const inverse = 1 / Math.max(scale, 1)
      const centre = scale * (row + 0.5)
      const first = Math.max(Math.floor(centre - support + 0.5), 0)
      const last = Math.min(Math.floor(centre + support + 0.5), source) - 1
      const weights = Array.from({ length: last - first + 1 }, (_, tap) => cubic((first + tap - centre + 0.5) * inverse, -0.5))
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      weights.forEach((weight, tap) => { deposit(row, first + tap, weight / total) })
    } else {
      const position = ((row + 0.5) * source) / (target + offset) - 0.5
      const base = Math.floor(position)
      for (let tap = base - 1; tap <= base + 2; tap++) deposit(row, Math.min(Math.max(tap, 0), source - 1), cubic(position - tap, -0.75))
    }
  }
  return { dtype: 'float32', shape: [target, source], data }
}

function identity(size: number): Tensor<'float32'> {
  const data = new Float32Array(size * size)
  for (let index = 0; index < size; index++) data[index * size + index] = 1
  return { dtype: 'float32', shape: [size, size], data }
}

/** The two interpolation matrices of a picture's patch grid: what the graph's `rows` and `columns` inputs are fed. */
export function positionWeights(
  positionGrid: number,
  grid: { readonly height: number; readonly width: number },
  interpolation: PositionInterpolation,
): { readonly rows: Tensor<'float32'>; readonly columns: Tensor<'float32'> } {
  // The references return the learned embedding untouched when the grid is the learned one.
  if (grid.height === positionGrid && grid.width === positionGrid) return { rows: identity(positionGrid), columns: identity(positionGrid) }
  return {
    rows: interpolationWeights(positionGrid, grid.height, interpolation),
    columns: interpolationWeights(positionGrid, grid.width, interpolation),
  }
}

/**
 * Adds position embeddings: CLS has a row of its own, patches take the learned grid resized by `rows` `[h, M]` and
 * `columns` `[w, M]`, which is separable: R · P · Cᵀ.
 * @param embedding `[1, 1 + M², dim]`
 * @param clsToken `[1, 1, dim]`
 * @param patches `[batch, h*w, dim]`
 * @returns CLS `[1, 1, dim]` and patches `[batch, h*w, dim]`
 */
export function addPositions(
  embedding: Value,
  clsToken: Value,
  patches: Value,
  resize: { readonly rows: Value; readonly columns: Value; readonly positionGrid: number },
): { readonly cls: Value; readonly patches: Value } {
  const dim = embedding.shape[2] ?? 0
  const grid = resize.positionGrid
  const clsRow = slice(embedding, 1, 0, 1)
  const patchRows = slice(embedding, 1, 1, grid * grid)
  const resizedDown = matMul(resize.rows, reshape(patchRows, [grid, grid * Number(dim)]))
  const across = reshape(resizedDown, [resize.rows.shape[0] ?? 0, grid, dim])
  const resized = matMul(resize.columns, across)
  return { cls: add(clsToken, clsRow), patches: add(patches, reshape(resized, [1, -1, dim])) }
}
