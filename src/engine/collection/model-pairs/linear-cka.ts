/** @file How alike two models lay out the same pictures as a whole: linear centred kernel alignment, from products of rows. */
import { EngineError } from '../../contract'
import type { RowProducts } from '../../inference'
import { inSlices } from '../slices'

/** Vectors of one model, one a picture, in the order of the other's. float32 [pictures, dim]. */
export interface ModelVectors {
  readonly dim: number
  readonly matrix: Float32Array
}

export interface LinearCka {
  /** 0..1; undefined where a model gives all pictures the same vector, which leaves nothing to compare. */
  readonly cka: number | undefined
  /** What it would be on average if the pictures of one model were shuffled: with few pictures of long vectors that is far from 0. */
  readonly byChance: number | undefined
}

export interface CkaOptions {
  readonly products: RowProducts
  readonly signal: AbortSignal
  /** 0..1. */
  readonly onProgress?: (share: number) => void
}

/** Pictures whose columns are multiplied at once. */
const block = 2048

/** Columns with mean 0, and all numbers together of mean square 1, which the measure does not see and float32 likes. */
async function centred({ dim, matrix }: ModelVectors, signal: AbortSignal): Promise<Float32Array | undefined> {
  const count = matrix.length / dim
  const mean = new Float64Array(dim)
  await inSlices(count, block, signal, (from, to) => {
    for (let row = from; row < to; row++) for (let column = 0; column < dim; column++) mean[column]! += matrix[row * dim + column]! / count
  })
  const rows = new Float32Array(matrix.length)
  let square = 0
  await inSlices(count, block, signal, (from, to) => {
    for (let row = from; row < to; row++)
      for (let column = 0; column < dim; column++) {
        const value = matrix[row * dim + column]! - mean[column]!
        rows[row * dim + column] = value
        square += value * value
      }
  })
  // What rounding leaves of a mean that was taken away is no layout.
  const floor = 1e-12 * matrix.length * mean.reduce((sum, value) => sum + value * value, 0) / dim
  if (!(square > floor)) return undefined
  const scale = Math.sqrt(matrix.length / square)
  for (let index = 0; index < rows.length; index++) rows[index]! *= scale
  return rows
}

/** Columns of some rows as rows: float32 [dim, to − from]. */
function columns(rows: Float32Array, dim: number, from: number, to: number): Float32Array {
  const count = to - from
  const turned = new Float32Array(dim * count)
  for (let row = 0; row < count; row++) for (let column = 0; column < dim; column++) turned[column * count + row] = rows[(from + row) * dim + column]!
  return turned
}

function add(sums: Float64Array, values: Float32Array): void {
  for (let index = 0; index < sums.length; index++) sums[index]! += values[index]!
}

function squareSum(values: ArrayLike<number>): number {
  let sum = 0
  for (let index = 0; index < values.length; index++) sum += values[index]! ** 2
  return sum
}

interface Alignment {
  /** ⟨K, L⟩ of the Gram matrices of both, which is ‖YᵀX‖². */
  readonly shared: number
  /** ‖K‖ and ‖L‖. */
  readonly left: number
  readonly right: number
}

/** By pictures × pictures: for fewer pictures than vectors are long. */
async function byPictures(left: Float32Array, leftDim: number, right: Float32Array, rightDim: number, products: RowProducts): Promise<Alignment> {
  const [k, l] = [await products(left, left, leftDim), await products(right, right, rightDim)]
  let shared = 0
  for (let index = 0; index < k.length; index++) shared += k[index]! * l[index]!
  return { shared, left: Math.sqrt(squareSum(k)), right: Math.sqrt(squareSum(l)) }
}

/** By columns × columns, a block of pictures after the other: memory grows with the vectors, not with the pictures. */
async function byColumns(left: Float32Array, leftDim: number, right: Float32Array, rightDim: number, { products, signal, onProgress }: CkaOptions): Promise<Alignment> {
  const count = left.length / leftDim
  const cross = new Float64Array(rightDim * leftDim)
  const [ownLeft, ownRight] = [new Float64Array(leftDim ** 2), new Float64Array(rightDim ** 2)]
  await inSlices(count, block, signal, async (from, to) => {
    const [x, y] = [columns(left, leftDim, from, to), columns(right, rightDim, from, to)]
    add(cross, await products(y, x, to - from))
    add(ownLeft, await products(x, x, to - from))
    add(ownRight, await products(y, y, to - from))
    onProgress?.(to / count)
  })
  return { shared: squareSum(cross), left: Math.sqrt(squareSum(ownLeft)), right: Math.sqrt(squareSum(ownRight)) }
}

/**
 * CKA(X, Y) = ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) with centred columns and Frobenius norms: 1 where one layout is the other turned and
 * scaled. By chance: a shuffle of one side makes the mean of ⟨K, L⟩ tr K · tr L / (pictures − 1);
 * the traces are the numbers of values, whose mean square is 1.
 * Source: Kornblith et al., "Similarity of Neural Network Representations Revisited" (ICML 2019), table 1 and section 3.
 * @throws EngineError BAD_REQUEST for fewer than three pictures, of which any two layouts are alike; the signal's reason
 */
export async function linearCka(left: ModelVectors, right: ModelVectors, options: CkaOptions): Promise<LinearCka> {
  const count = left.matrix.length / left.dim
  if (right.matrix.length / right.dim !== count) throw new EngineError('INTERNAL', `linearCka: ${count} pictures on one side and ${right.matrix.length / right.dim} on the other`)
  if (count < 3) throw new EngineError('BAD_REQUEST', `two models cannot be compared by ${count === 1 ? 'one picture' : `${count} pictures`}; at least three are needed`)
  const [x, y] = [await centred(left, options.signal), await centred(right, options.signal)]
  if (x === undefined || y === undefined) return { cka: undefined, byChance: undefined }
  const [p, q] = [left.dim, right.dim]
  const cheaperByPictures = count * (p + q) <= p * p + q * q + p * q
  const { shared, left: k, right: l } = cheaperByPictures ? await byPictures(x, p, y, q, options.products) : await byColumns(x, p, y, q, options)
  options.onProgress?.(1)
  return { cka: Math.min(1, shared / (k * l)), byChance: (x.length * y.length) / ((count - 1) * k * l) }
}
