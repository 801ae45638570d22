import { describe, expect, it } from 'vitest'
import { gradients } from '../../../src/engine/autodiff'
import { constant, input, scalar, topologicalValues, type Value } from '../../../src/engine/graph'
import { add, argMax, cast, divide, exp, gather, layerNorm, log, matMul, mean, multiHeadAttention, multiply, reshape, softmax, sqrt, sumAll, transpose } from '../../../src/engine/ops'
import type { Tensor } from '../../../src/engine/tensor'
import { runGraph } from '../../helpers/run-graph'
import { float32, int64, maxDifference, noise } from '../../helpers/tensors'

const x = input('x', 'float32', [2, 3])

async function evaluate(value: Value, feeds: Readonly<Record<string, Tensor>> = { x: float32([2, 3], [1, 2, 3, 4, 5, 6]) }): Promise<number[]> {
  const { y } = await runGraph({ y: value }, feeds)
  return Array.from(y!.data as Float32Array)
}

describe('gradients', () => {
  it('are summed over the uses of a value', async () => {
    const [gradient] = gradients(sumAll(add(multiply(x, x), multiply(x, scalar(3)))), [x])
    expect(await evaluate(gradient!)).toEqual([5, 7, 9, 11, 13, 15])
  })

  it('of a value that was broadcast are summed back to its shape', async () => {
    const row = input('row', 'float32', [3])
    const column = input('column', 'float32', [2, 1])
    const single = input('single', 'float32', [])
    const loss = sumAll(multiply(multiply(x, row), multiply(column, single)))
    const derived = gradients(loss, [row, column, single])
    const feeds = { x: float32([2, 3], [1, 2, 3, 4, 5, 6]), row: float32([3], [1, 1, 2]), column: float32([2, 1], [1, 10]), single: float32([], [2]) }
    expect(derived.map(({ shape }) => shape)).toEqual([[3], [2, 1], []])
    expect(await evaluate(derived[0]!, feeds)).toEqual([82, 104, 126])
    expect(await evaluate(derived[1]!, feeds)).toEqual([18, 42])
    expect(await evaluate(derived[2]!, feeds)).toEqual([219])
  })

  it('are zeros where the loss does not depend on a value', async () => {
    const other = input('other', 'float32', [2])
    const [gradient] = gradients(sumAll(x), [other])
    expect(await evaluate(gradient!)).toEqual([0, 0])
  })

  it('can be differentiated again', async () => {
    const cubed = multiply(x, multiply(x, x))
    const [first] = gradients(sumAll(cubed), [x])
    const [second] = gradients(sumAll(first!), [x])
    expect(await evaluate(second!)).toEqual([6, 12, 18, 24, 30, 36])
  })

  it('by an inner value stop there', async () => {
    const inner = multiply(x, scalar(2))
    const [gradient] = gradients(sumAll(multiply(inner, inner)), [inner])
    expect(await evaluate(gradient!)).toEqual([4, 8, 12, 16, 20, 24])
  })

  it('do not flow through indices, and what is not asked for is not built', () => {
    const places = cast(argMax(x, 1), 'float32')
    const [gradient] = gradients(sumAll(places), [x])
    expect(gradient!.shape).toEqual([2, 3])
    expect(topologicalValues([gradient!]).length).toBeLessThan(8)
  })

  it('by what reaches the loss through the place of the largest alone are zeros: its derivative almost everywhere', async () => {
    const w = input('w', 'float32', [3])
    const rows = gather(x, argMax(multiply(x, w), 0), 0)
    const derived = gradients(sumAll(multiply(rows, rows)), [w, x])
    const feeds = { x: float32([2, 3], [1, 2, 3, 4, 5, 6]), w: float32([3], [1, -1, 1]) }
    expect(await evaluate(derived[0]!, feeds)).toEqual([0, 0, 0])
    // Row 1, row 0 and row 1 again are the largest.
    expect(await evaluate(derived[1]!, feeds)).toEqual([2, 4, 6, 16, 20, 24])
  })

  it('of second order through layer normalisation are refused with a reason', () => {
    const affine = input('affine', 'float32', [3])
    const [first] = gradients(sumAll(layerNorm(x, affine, affine, 1e-6)), [x])
    expect(() => gradients(sumAll(multiply(first!, first!)), [x])).toThrow(expect.objectContaining({ code: 'GRAPH', message: 'layerNorm: its row statistics are not to be differentiated' }))
  })

  it('again through exponentials, quotients, roots and softmax are those of finite differences of the first', async () => {
    const positive = add(exp(x), scalar(0.5))
    const loss = sumAll(add(multiply(softmax(x), log(positive)), divide(sqrt(positive), add(multiply(x, x), scalar(1)))))
    const [first] = gradients(loss, [x])
    const weighted = sumAll(multiply(first!, constant(noise([2, 3], 5))))
    const [second] = gradients(weighted, [x])
    const at = noise([2, 3], 6)
    const found = await evaluate(second!, { x: at })
    const step = 1e-2
    const moved = async (element: number, by: number): Promise<number> => (await evaluate(weighted, { x: { ...at, data: at.data.map((value, index) => (index === element ? value + by : value)) } }))[0]!
    const expected: number[] = []
    for (let element = 0; element < 6; element++) expected.push(((await moved(element, step)) - (await moved(element, -step))) / (2 * step))
    expect(maxDifference(found, expected)).toBeLessThan(2e-3)
    expect(Math.max(...found.map(Math.abs))).toBeGreaterThan(0.1)
  })

  it('again through matrix products, gathered rows and attention are those of finite differences of the first', async () => {
    const w = input('w', 'float32', [4, 4])
    const rows = reshape(gather(matMul(input('a', 'float32', [3, 4]), w), constant(int64([6], [0, 2, 1, 1, 0, 2])), 0), [2, 3, 4])
    const loss = sumAll(multiply(multiHeadAttention(rows, rows, rows, 2, 0.7), constant(noise([2, 3, 4], 8))))
    const [first] = gradients(loss, [w])
    const weighted = sumAll(multiply(first!, constant(noise([4, 4], 5))))
    const [second] = gradients(weighted, [w])
    const feeds = { x: float32([2, 3], [0, 0, 0, 0, 0, 0]), a: noise([3, 4], 1), w: noise([4, 4], 2) }
    const found = await evaluate(second!, feeds)
    const step = 1e-2
    const moved = async (element: number, by: number): Promise<number> => (await evaluate(weighted, { ...feeds, w: { ...feeds.w, data: feeds.w.data.map((value, index) => (index === element ? value + by : value)) } }))[0]!
    const expected: number[] = []
    for (let element = 0; element < 16; element++) expected.push(((await moved(element, step)) - (await moved(element, -step))) / (2 * step))
    expect(maxDifference(found, expected) / Math.max(...found.map(Math.abs))).toBeLessThan(5e-3)
  })

  it('of a deep chain need no deep stack', () => {
    let value = x
    for (let depth = 0; depth < 20_000; depth++) value = add(value, scalar(1))
    expect(gradients(sumAll(value), [x])[0]!.shape).toEqual([2, 3])
  })

  it('of a loss that is no scalar are refused', () => {
    expect(() => gradients(x, [x])).toThrow(expect.objectContaining({ code: 'GRAPH', message: 'gradients: the loss has the shape [2, 3], not that of a scalar' }))
  })

  it('of a small network are those of finite differences', async () => {
    const w = input('w', 'float32', [3, 3])
    const loss = sumAll(mean(multiply(softmax(matMul(x, w)), matMul(x, transpose(w, [1, 0]))), 1))
    const [gradient] = gradients(loss, [w])
    const feeds = { x: noise([2, 3], 1), w: noise([3, 3], 2) }
    const found = await evaluate(gradient!, feeds)
    const step = 1e-2
    const nudged = async (element: number, by: number): Promise<number> => {
      const moved = feeds.w.data.slice()
      moved[element] = moved[element]! + by
      return (await evaluate(loss, { ...feeds, w: { ...feeds.w, data: moved } }))[0]!
    }
    const expected: number[] = []
    for (let element = 0; element < 9; element++) expected.push(((await nudged(element, step)) - (await nudged(element, -step))) / (2 * step))
    expect(maxDifference(found, expected)).toBeLessThan(1e-3)
  })
})
