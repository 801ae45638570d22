/** @file The linear probe against Newton's method in double precision, and its ridge, its ranks and its honesty about overlap. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linearEvaluation, type LabelledFeatures, type LinearOptions } from '../../../../src/engine/inference'
import { openFitter } from '../../../../src/engine/inference/evaluation/fit-classifier'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import { clouds } from '../../../helpers/class-clouds'
import { thrownBy } from '../../../helpers/thrown'
import { plainProducts } from '../../../helpers/vector-sets'

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
})
afterAll(() => runtime.dispose())

/** Gaussian elimination with the largest pivot. */
function solve(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, index) => [...row, right[index]!])
  for (let pivot = 0; pivot < rows.length; pivot++) {
    const best = rows.slice(pivot).reduce((most, row, index) => (Math.abs(row[pivot]!) > Math.abs(rows[most]![pivot]!) ? pivot + index : most), pivot)
    ;[rows[pivot], rows[best]] = [rows[best]!, rows[pivot]!]
    for (let row = 0; row < rows.length; row++) {
      if (row === pivot) continue
      const factor = rows[row]![pivot]! / rows[pivot]![pivot]!
      for (let column = pivot; column <= rows.length; column++) rows[row]![column]! -= factor * rows[pivot]![column]!
    }
  }
  return rows.map((row, index) => row[rows.length]! / row[index]!)
}

/** min Σ cross-entropy + |w|² / (2 C), biases free but for a hair that fixes what they share; full Newton steps, halved where they overshoot. */
function newton({ features, labels }: LabelledFeatures, dim: number, classes: number, C: number): { readonly weights: number[]; readonly loss: number } {
  const width = dim + 1
  const ridgeOf = (index: number): number => (index % width === dim ? 1e-9 : 1 / C)
  const x = (row: number, column: number): number => (column === dim ? 1 : features[row * dim + column]!)
  const sharesOf = (weights: readonly number[], row: number): number[] => {
    const scores = Array.from({ length: classes }, (_, label) => Array.from({ length: width }, (_value, column) => weights[label * width + column]! * x(row, column)).reduce((sum, value) => sum + value, 0))
    const largest = Math.max(...scores)
    const sum = scores.reduce((total, value) => total + Math.exp(value - largest), 0)
    return scores.map((value) => Math.exp(value - largest) / sum)
  }
  const lossOf = (weights: readonly number[]): number => [...labels.keys()].reduce((sum, row) => sum - Math.log(sharesOf(weights, row)[labels[row]!]!), 0) + weights.reduce((sum, value, index) => sum + (ridgeOf(index) / 2) * value ** 2, 0)
  let weights = Array<number>(classes * width).fill(0)
  for (let iteration = 0; iteration < 50; iteration++) {
    const gradient = weights.map((value, index) => ridgeOf(index) * value)
    const hessian = weights.map((_, index) => weights.map((_value, other) => (index === other ? ridgeOf(index) : 0)))
    for (const row of labels.keys()) {
      const shares = sharesOf(weights, row)
      for (let a = 0; a < classes; a++)
        for (let i = 0; i < width; i++) {
          gradient[a * width + i]! += (shares[a]! - Number(labels[row] === a)) * x(row, i)
          for (let b = 0; b < classes; b++) for (let j = 0; j < width; j++) hessian[a * width + i]![b * width + j]! += shares[a]! * (Number(a === b) - shares[b]!) * x(row, i) * x(row, j)
        }
    }
    const step = solve(hessian, gradient)
    let length = 1
    const before = lossOf(weights)
    while (length > 1e-6 && lossOf(weights.map((value, index) => value - length * step[index]!)) > before) length /= 2
    weights = weights.map((value, index) => value - length * step[index]!)
    if (Math.max(...gradient.map(Math.abs)) < 1e-9) break
  }
  return { weights, loss: lossOf(weights) }
}

const options = (dim: number, classes: number, over: Partial<LinearOptions> = {}): LinearOptions => ({ dim, classes: Array.from({ length: classes }, (_, label) => `c${label}`), runtime, products: plainProducts, ...over })
const withIds = (data: LabelledFeatures, name: string): LabelledFeatures => ({ ...data, ids: Array.from(data.labels, (_, row) => `${name}${row}`) })

describe('a classifier that is fitted', () => {
  it.each([0.01, 1, 100])('reaches the optimum that Newton steps reach, C = %d', async (C) => {
    const [dim, classes] = [3, 3]
    const data = clouds(60, dim, classes, 5)
    const { weights, loss } = newton(data, dim, classes, C)
    const fitter = await openFitter(runtime, dim, classes)
    const found = (await fitter.fit(data, C, undefined)).weights
    const again = (await fitter.fit(data, C, undefined)).weights
    await fitter.release()
    expect(again).toEqual(found)
    // Only differences of biases are told by the data.
    const shift = (weightsOf: ArrayLike<number>): number[] => Array.from(weightsOf, (value, index) => (index % (dim + 1) === dim ? value - weightsOf[dim]! : value))
    const [expected, got] = [shift(weights), shift(found)]
    const size = Math.max(...expected.map(Math.abs))
    expected.forEach((value, index) => { expect(Math.abs(got[index]! - value)).toBeLessThan(2e-3 * size) })
    expect(loss).toBeGreaterThan(1)
  })

  it('gives the same whether the rows come in one block or in many', async () => {
    const [dim, classes] = [4, 3]
    const data = clouds(20_000, dim, classes, 6)
    const many = await openFitter(runtime, dim, classes)
    const whole = await many.fit(data, 1, undefined)
    await many.release()
    // Doubled rows at half of C are the same problem.
    const twice = { features: Float32Array.from([...data.features, ...data.features]), labels: Int32Array.from([...data.labels, ...data.labels]) }
    const other = await openFitter(runtime, dim, classes)
    const doubled = await other.fit(twice, 0.5, undefined)
    await other.release()
    const size = whole.weights.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    whole.weights.forEach((value, index) => { expect(Math.abs(doubled.weights[index]! - value)).toBeLessThan(2e-3 * size) })
  })
})

describe('the linear probe', () => {
  it('chooses its ridge on a fifth of the references, and tells most queries', async () => {
    const [references, queries] = [clouds(900, 12, 7, 1, 2), clouds(400, 12, 7, 2, 2)]
    const fits: number[] = []
    const found = await linearEvaluation(references, queries, options(12, 7, { onFitted: (done) => fits.push(done) }))
    const best = Math.max(...found.compared.map(({ accuracy }) => accuracy))
    const chosen = found.compared.find(({ C }) => C === found.C)!
    expect(chosen.accuracy).toBe(best)
    expect(found.compared.filter(({ accuracy }) => accuracy === best).every(({ loss }) => loss >= chosen.loss)).toBe(true)
    expect(found.compared.map(({ C }) => C)).toEqual([...found.compared.map(({ C }) => C)].sort((a, b) => a - b))
    expect(found.accuracy).toBeGreaterThan(0.55)
    expect(found.accuracy).toBeLessThan(0.95)
    expect(found.top5!).toBeGreaterThan(found.accuracy)
    expect(found).toMatchObject({ references: 900, queries: 400, overlap: 0, withoutReference: 0, correct: Math.round(found.accuracy * 400) })
    found.perClass.forEach(({ queries: asked, correct }, label) => {
      const row = [...found.confusion.subarray(label * 7, (label + 1) * 7)]
      expect([row.reduce((sum, value) => sum + value, 0), row[label]]).toEqual([asked, correct])
    })
    expect(fits.at(-1)).toBe(13)
    expect(await linearEvaluation(references, queries, options(12, 7))).toEqual(found)
  })

  it('chooses by rows that it did not learn from: noise that is learned by heart tells nothing there', async () => {
    const [references, queries] = [clouds(150, 60, 3, 1, 100), clouds(60, 60, 3, 2, 100)]
    const { compared } = await linearEvaluation(references, queries, options(60, 3))
    expect(Math.max(...compared.map(({ accuracy }) => accuracy))).toBeLessThan(0.7)
  })

  it('does not see the test when it chooses', async () => {
    const references = clouds(300, 6, 3, 1)
    const queries = clouds(100, 6, 3, 2)
    const wrong = { ...queries, labels: queries.labels.map((label) => (label + 1) % 3) }
    const [right, turned] = [await linearEvaluation(references, queries, options(6, 3)), await linearEvaluation(references, wrong, options(6, 3))]
    expect([turned.C, turned.compared]).toEqual([right.C, right.compared])
    expect(turned.accuracy).toBeLessThan(right.accuracy)
  })

  it('does not learn from what it is tested on, and counts what it cannot know', async () => {
    const data = withIds(clouds(60, 4, 3, 1), 'p')
    const tested = withIds(clouds(20, 4, 3, 2), 'q')
    const both = { features: Float32Array.from([...data.features, ...tested.features]), labels: Int32Array.from([...data.labels, ...tested.labels]), ids: [...data.ids!, ...tested.ids!] }
    const alone = await linearEvaluation(data, tested, options(4, 4))
    const { overlap, ...rest } = await linearEvaluation(both, tested, options(4, 4))
    expect(overlap).toBe(20)
    expect({ overlap: 0, ...rest }).toEqual(alone)
    const unknown = { ...tested, labels: tested.labels.map(() => 3) }
    expect(await linearEvaluation(data, unknown, options(4, 4))).toMatchObject({ withoutReference: 20, correct: 0, top5: undefined })
  })

  it('refuses one class, the same pictures on both sides, and stops when told', async () => {
    const data = withIds(clouds(60, 4, 3, 1), 'p')
    const one = { ...data, labels: data.labels.map(() => 1) }
    const tested = withIds(clouds(20, 4, 3, 2), 'q')
    expect(await thrownBy(() => linearEvaluation(one, tested, options(4, 3)))).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('of one class, c1') as string })
    expect(await thrownBy(() => linearEvaluation(data, data, options(4, 3)))).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('are also tested') as string })
    expect(await thrownBy(() => linearEvaluation(data, tested, options(4, 3, { signal: AbortSignal.abort(new Error('enough')) })))).toMatchObject({ message: 'enough' })
  })
})
