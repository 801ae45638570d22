/** @file Linear heads trained with AdamW: as near as the closed form, classes that can be told apart, the same for a seed, stopped. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRowProducts, type RowProducts } from '../../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import { randomStreamAt } from '../../../../src/engine/tensor'
import { trainLinearHead, type HeadData } from '../../../../src/engine/train'
import { thrownBy } from '../../../helpers/thrown'

const [dim, count] = [24, 1200]
let runtime: Runtime
let products: RowProducts
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
  ;({ products } = await openRowProducts(runtime))
})
afterAll(() => runtime.dispose())

/** Tokens whose numbers depend on each other and are of very different sizes, and a depth that is not wholly linear in them. */
function synthetic(seed: number): HeadData {
  const stream = randomStreamAt(seed, 'probe', 0)
  const tokens = new Float32Array(count * dim)
  const targets = new Float32Array(count)
  for (let row = 0; row < count; row++) {
    const hidden = Array.from({ length: dim }, () => stream.normal())
    for (let column = 0; column < dim; column++) tokens[row * dim + column] = 3 + 10 ** ((column % 4) - 2) * (hidden[column]! + 2 * hidden[(column + 1) % dim]!)
    targets[row] = 5 + hidden[0]! - 0.7 * hidden[5]! + 0.3 * hidden[9]! + 0.2 * stream.normal()
  }
  return { tokens, targets }
}

/** Least squares by the normal equations in float64: [dim + 1], the last one the bias. */
function leastSquares({ tokens, targets }: HeadData): Float64Array {
  const width = dim + 1
  const at = (row: number, column: number): number => (column === dim ? 1 : tokens[row * dim + column]!)
  const matrix = Array.from({ length: width }, (_, a) => {
    const line = new Float64Array(width + 1)
    for (let row = 0; row < count; row++) {
      for (let b = 0; b < width; b++) line[b]! += at(row, a) * at(row, b)
      line[width]! += at(row, a) * targets[row]!
    }
    return line
  })
  for (let pivot = 0; pivot < width; pivot++) {
    const best = matrix.reduce((found, line, row) => (row > pivot && Math.abs(line[pivot]!) > Math.abs(matrix[found]![pivot]!) ? row : found), pivot)
    ;[matrix[pivot], matrix[best]] = [matrix[best]!, matrix[pivot]!]
    for (let row = 0; row < width; row++) {
      if (row === pivot) continue
      const factor = matrix[row]![pivot]! / matrix[pivot]![pivot]!
      for (let column = pivot; column <= width; column++) matrix[row]![column]! -= factor * matrix[pivot]![column]!
    }
  }
  return Float64Array.from(matrix, (line, row) => line[width]! / line[row]!)
}

const errorOf = ({ tokens, targets }: HeadData, weight: ArrayLike<number>, bias: number): number => {
  let square = 0
  targets.forEach((target, row) => {
    let found = bias
    for (let column = 0; column < dim; column++) found += weight[column]! * tokens[row * dim + column]!
    square += (found - target) ** 2
  })
  return Math.sqrt(square / targets.length)
}

const options = (signal = new AbortController().signal) => ({ dim, seed: 1, runtime, products, signal, onMeasured: () => undefined, onStep: () => undefined })

describe('trainLinearHead', () => {
  it('comes within one percent of the closed form, and tells the error of what it did not learn from', async () => {
    const [training, validation] = [synthetic(1), synthetic(2)]
    const measured: number[] = []
    const head = await trainLinearHead(training, validation, { ...options(), kind: 'depth', outputs: 1, epochs: 30, onMeasured: (step) => { measured.push(step) } })
    const best = leastSquares(training)
    expect(errorOf(training, head.weight, head.bias[0]!) / errorOf(training, best, best[dim]!)).toBeLessThan(1.01)
    expect(head.metrics.rmse).toBeCloseTo(errorOf(validation, head.weight, head.bias[0]!), 3)
    expect([measured.length, measured.at(-1)]).toEqual([20, head.steps])
  })

  it('learns from tokens that hardly differ, however many numbers they have', async () => {
    const [wide, few] = [192, 3]
    const stream = randomStreamAt(5, 'probe', 0)
    const ways = Array.from({ length: few }, () => Float32Array.from({ length: wide }, () => 10 * stream.normal()))
    const flat = (rows: number): HeadData => {
      const kinds = Array.from({ length: rows }, (_, row) => row % few)
      return { tokens: Float32Array.from(kinds.flatMap((kind) => [...ways[kind]!])), targets: Float32Array.from(kinds, (kind) => 1 + 3 * kind) }
    }
    const { weight, bias, metrics } = await trainLinearHead(flat(count), flat(300), { ...options(), dim: wide, kind: 'depth', outputs: 1, epochs: 10 })
    expect([...weight, ...bias].every(Number.isFinite)).toBe(true)
    expect(metrics.explained).toBeGreaterThan(0.99)
  })

  it('tells classes apart, the same for a seed', async () => {
    const { tokens, targets } = synthetic(3)
    const classes = targets.map((value) => (value < 4.5 ? 0 : value < 5.5 ? 1 : 2))
    const train = () => trainLinearHead({ tokens, targets: classes }, { tokens, targets: classes }, { ...options(), kind: 'classes', outputs: 3, epochs: 15 })
    const [first, second] = [await train(), await train()]
    expect(first.metrics.accuracy).toBeGreaterThan(0.8)
    expect(second).toEqual(first)
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    const training = trainLinearHead(synthetic(1), synthetic(2), { ...options(stop.signal), kind: 'depth', outputs: 1, epochs: 1000, onStep: () => { stop.abort(new Error('enough')) } })
    expect(await thrownBy(() => training)).toMatchObject({ message: 'enough' })
  })
})
