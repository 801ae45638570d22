import { describe, expect, it } from 'vitest'
import { constant, input } from '../../../src/engine/graph'
import { dropRate, keptCount, keptRowCount, packTokens, perSampleResidual, subsetResidual, type Residual, type TokenRows } from '../../../src/engine/nn'
import { matMul, multiply, sumAll } from '../../../src/engine/ops'
import type { Tensor } from '../../../src/engine/tensor'
import { derive, rowsOf, slopes, total } from '../../helpers/slopes'
import { float32, int64, maxDifference, noise } from '../../helpers/tensors'
import { runGraph } from '../../helpers/run-graph'

const dim = 3
/** Pictures of two sizes: 4 of 2 tokens, 5 of 1. */
const sizes = [{ batch: 4, tokens: 2 }, { batch: 5, tokens: 1 }]
const count = 13
const packed = (): TokenRows => packTokens(sizes.map(({ batch, tokens }, group) => input(`group${group}`, 'float32', [batch, tokens, dim])))
const groups = sizes.map(({ batch, tokens }, group) => noise([batch, tokens, dim], group + 1))
const weight = noise([dim, dim], 3)
const rows = rowsOf(groups.flatMap(({ data }) => Array.from(data)), dim)

const product = (row: readonly number[], matrix: ArrayLike<number>): number[] => Array.from({ length: dim }, (_, column) => total(row.map((value, axis) => value * matrix[axis * dim + column]!)))

/** x + scale of each row · (x · w), for the rows that have one. */
const naive = (x: readonly (readonly number[])[], matrix: ArrayLike<number>, scales: readonly number[]): number[] =>
  x.flatMap((row, index) => product(row, matrix).map((value, axis) => row[axis]! + scales[index]! * value))

/** The residual's rows, and the gradients of Σ y · projection by the rows of each group and by the branch's weight. */
async function evaluate(residual: Residual, name: string, feeds: Readonly<Record<string, Tensor>>) {
  const tokens = packed()
  const w = input('w', 'float32', [dim, dim])
  const y = residual(name, tokens, ({ rows: own }) => matMul(own, w))
  const projection = noise([count, dim], 9)
  const all = { ...Object.fromEntries(groups.map((tensor, group) => [`group${group}`, tensor])), w: weight, ...feeds }
  const { y: found } = await runGraph({ y }, all)
  const { gradients } = await derive(sumAll(multiply(y, constant(projection))), [...tokens.groups.map(({ like }) => like), w], all)
  return { y: Array.from(found!.data as Float32Array), byRows: [...gradients[0]!, ...gradients[1]!], byWeight: gradients[2]!, projection: projection.data }
}

function expectNaive(found: Awaited<ReturnType<typeof evaluate>>, scales: readonly number[]): void {
  const loss = (x: readonly (readonly number[])[], matrix: ArrayLike<number>): number => total(naive(x, matrix, scales).map((value, index) => value * found.projection[index]!))
  expect(maxDifference(found.y, naive(rows, weight.data, scales))).toBeLessThan(1e-5)
  expect(maxDifference(found.byRows, slopes(rows.flat(), (values) => loss(rowsOf(values, dim), weight.data)))).toBeLessThan(1e-4)
  expect(maxDifference(found.byWeight, slopes(weight.data, (values) => loss(rows, values)))).toBeLessThan(1e-4)
}

/** Picture by picture, a number for each of its rows. */
const perRow = (ofPicture: readonly number[]): number[] => {
  let picture = 0
  return sizes.flatMap(({ batch, tokens }) => Array.from({ length: batch }, () => new Array<number>(tokens).fill(ofPicture[picture++]!)).flat())
}

describe('the rate of a block', () => {
  it('rises from none in the first to the whole in the last, as linspace does', () => {
    expect([0, 1, 2, 3, 4].map((block) => dropRate(0.4, false, block, 5))).toEqual([0, 0.1, 0.2, 0.4 * 3 / 4, 0.4])
    expect(dropRate(0.4, false, 0, 1)).toBe(0)
  })

  it('is the same in all blocks where it is uniform', () => {
    expect([0, 1, 2].map((block) => dropRate(0.3, true, block, 3))).toEqual([0.3, 0.3, 0.3])
  })
})

describe('leaving out each picture by itself', () => {
  const residual = perSampleResidual((block) => (block === 0 ? 0 : 0.25))

  it('without a rate is a plain sum that needs no draw', async () => {
    expectNaive(await evaluate(residual, 'blocks.0.attn', {}), new Array<number>(count).fill(1))
  })

  it.each([
    ['attn', 0],
    ['mlp', 1],
  ])('multiplies the %s branch by its own draw, forward and back', async (branch, own) => {
    const draws = [perRow([0, 4 / 3, 4 / 3, 0, 4 / 3, 0, 4 / 3, 0, 0]), perRow([4 / 3, 4 / 3, 0, 0, 0, 4 / 3, 4 / 3, 4 / 3, 0])]
    expectNaive(await evaluate(residual, `blocks.3.${branch}`, { 'kept.3': float32([2, count, 1], draws.flat()) }), draws[own]!)
  })
})

describe('computing a fixed number of pictures', () => {
  const rate = 0.4
  const residual = subsetResidual((block) => (block === 0 ? 0 : rate), (values) => constant(float32([values.length, 1], Array.from(values))))
  /** Rows of the kept pictures: 2 of 4 of the first group, 3 of 5 of the second. */
  const kept = [
    [4, 5, 0, 1, 12, 8, 9],
    [2, 3, 6, 7, 10, 11, 8],
  ]

  it('without a rate is a plain sum', async () => {
    expectNaive(await evaluate(residual, 'blocks.0.mlp', {}), new Array<number>(count).fill(1))
  })

  it.each([
    ['attn', 0],
    ['mlp', 1],
  ])('adds the %s branch to those that it names, batch / kept times, forward and back', async (branch, own) => {
    const scales = Array.from({ length: count }, (_, row) => (!kept[own]!.includes(row) ? 0 : row < 8 ? 4 / 2 : 5 / 3))
    expectNaive(await evaluate(residual, `blocks.2.${branch}`, { 'kept.2': int64([2, 7], kept.flat()) }), scales)
  })

  it('adds on average what the whole branch adds', async () => {
    // Every pair of 4 and every three of 5 once, by cycling through them independently.
    const choose = (from: number, size: number): number[][] => Array.from({ length: 2 ** from }, (_, bits) => Array.from({ length: from }, (_unused, index) => index).filter((index) => (bits >> index) % 2 === 1)).filter(({ length }) => length === size)
    const draws = choose(4, 2).flatMap((first) => choose(5, 3).map((second) => [...first.flatMap((picture) => [2 * picture, 2 * picture + 1]), ...second.map((picture) => 8 + picture)]))
    const sums = new Array<number>(count * dim).fill(0)
    for (const draw of draws) {
      const { y } = await evaluate(residual, 'blocks.1.attn', { 'kept.1': int64([2, 7], [...draw, ...draw]) })
      y.forEach((value, index) => (sums[index]! += value / draws.length))
    }
    expect(maxDifference(sums, naive(rows, weight.data, new Array<number>(count).fill(1)))).toBeLessThan(1e-5)
  })

  it('keeps int(batch · (1 - rate)) pictures, at least one', () => {
    expect([keptCount(4, 0.4), keptCount(5, 0.4), keptCount(64, 0.3), keptCount(10, 0.1), keptCount(2, 0.9), keptCount(1, 0.99)]).toEqual([2, 3, 44, 9, 1, 1])
    expect(keptRowCount(sizes, rate)).toBe(7)
  })
})
