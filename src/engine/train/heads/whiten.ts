/** @file Features made independent of each other and of one size, so that a linear head learns in a few steps; undone in its weights at the end. */
import type { RowProducts } from '../../inference'

/** x' = rows · (x − mean). */
export interface Whitening {
  readonly dim: number
  readonly mean: Float64Array
  /** Lower triangle, float64 [dim, dim]. */
  readonly rows: Float64Array
}

/** What is added to the spread of every direction, as a share of all of it: more than sums in float32 are wrong by, so that directions without any are left alone. */
const leastSpread = 1e-5
/** Rows of a triangle before the event loop turns. */
const rowsAtOnce = 32

const turn = (row: number): Promise<unknown> | undefined => (row % rowsAtOnce === 0 ? new Promise(setImmediate) : undefined)

/** Lower triangle with L·Lᵀ = matrix. @param least what was added to the diagonal, below which no pivot is but for rounding */
async function cholesky(matrix: Float64Array, dim: number, least: number): Promise<Float64Array> {
  const lower = new Float64Array(dim * dim)
  for (let row = 0; row < dim; row++) {
    await turn(row)
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * dim + column]!
      for (let k = 0; k < column; k++) sum -= lower[row * dim + k]! * lower[column * dim + k]!
      lower[row * dim + column] = row === column ? Math.sqrt(Math.max(sum, least)) : sum / lower[column * dim + column]!
    }
  }
  return lower
}

async function inverseOfLower(lower: Float64Array, dim: number): Promise<Float64Array> {
  const inverse = new Float64Array(dim * dim)
  for (let column = 0; column < dim; column++) {
    await turn(column)
    for (let row = column; row < dim; row++) {
      let sum = row === column ? 1 : 0
      for (let k = column; k < row; k++) sum -= lower[row * dim + k]! * inverse[k * dim + column]!
      inverse[row * dim + column] = sum / lower[row * dim + row]!
    }
  }
  return inverse
}

/** @param features float32 [count, dim] */
export async function fitWhitening(features: Float32Array, dim: number, products: RowProducts): Promise<Whitening> {
  const count = features.length / dim
  const mean = new Float64Array(dim)
  for (let index = 0; index < features.length; index++) mean[index % dim]! += features[index]! / count
  const turned = new Float32Array(features.length)
  for (let row = 0; row < count; row++) {
    if (row % 4096 === 0) await new Promise(setImmediate)
    for (let column = 0; column < dim; column++) turned[column * count + row] = features[row * dim + column]! - mean[column]!
  }
  const covariance = Float64Array.from(await products(turned, turned, count), (value) => value / count)
  let trace = 0
  for (let column = 0; column < dim; column++) trace += covariance[column * dim + column]!
  const added = leastSpread * trace + 1e-12
  for (let column = 0; column < dim; column++) covariance[column * dim + column]! += added
  return { dim, mean, rows: await inverseOfLower(await cholesky(covariance, dim, added), dim) }
}

/** @returns float32 [count, dim] */
export async function whitened(features: Float32Array, { dim, mean, rows }: Whitening, products: RowProducts): Promise<Float32Array> {
  if (features.length === 0) return new Float32Array(0)
  const centred = new Float32Array(features.length)
  for (let index = 0; index < features.length; index++) centred[index] = features[index]! - mean[index % dim]!
  return products(centred, Float32Array.from(rows), dim)
}

/** Weights over whitened features as weights over the features themselves. @param weight float32 [outputs, dim] */
export function unwhitened(weight: Float32Array, bias: Float32Array, { dim, mean, rows }: Whitening): { readonly weight: Float32Array; readonly bias: Float32Array } {
  const plain = new Float32Array(weight.length)
  const shifted = bias.slice()
  for (let output = 0; output < bias.length; output++) {
    const own = new Float64Array(dim)
    for (let row = 0; row < dim; row++) for (let column = 0; column <= row; column++) own[column]! += weight[output * dim + row]! * rows[row * dim + column]!
    plain.set(own, output * dim)
    shifted[output]! -= own.reduce((sum, value, column) => sum + value * mean[column]!, 0)
  }
  return { weight: plain, bias: shifted }
}
