import { describe, expect, it } from 'vitest'
import { gradients } from '../../../src/engine/autodiff'
import { input, topologicalValues } from '../../../src/engine/graph'
import { koleoLoss } from '../../../src/engine/losses'
import type { Tensor } from '../../../src/engine/tensor'
import { derive, rowsOf, slopes, total } from '../../helpers/slopes'
import { float32, maxDifference, noise } from '../../helpers/tensors'

/** Each row's distance to the row it has the largest cosine with, itself excluded. */
function naive(values: readonly number[], dim: number): number {
  const rows = rowsOf(values, dim).map((row) => row.map((value) => value / Math.hypot(...row)))
  const cosine = (a: readonly number[], b: readonly number[]): number => total(a.map((value, axis) => value * b[axis]!))
  const distances = rows.map((row, own) => {
    const others = rows.map((other, index) => (index === own ? -Infinity : cosine(row, other)))
    const nearest = rows[others.indexOf(Math.max(...others))]!
    return Math.hypot(...row.map((value, axis) => value - nearest[axis]! + 1e-8))
  })
  return -total(distances.map((distance) => Math.log(distance + 1e-8))) / rows.length
}

const derived = async (features: Tensor<'float32'>) => {
  const fed = input('features', 'float32', features.shape)
  return derive(koleoLoss(fed), [fed], { features })
}

describe('the loss that spreads features', () => {
  it.each([
    ['few rows', [4, 3], 1],
    ['many rows, so that some are the nearest of several', [23, 4], 2],
    ['two rows, each the other’s nearest', [2, 6], 3],
  ] as const)('is that of a plain loop, and so is its gradient: %s', async (_what, shape, seed) => {
    const features = noise(shape, seed)
    const { loss, gradients } = await derived(features)
    expect(Math.abs(loss - naive(Array.from(features.data), shape[1]))).toBeLessThan(1e-5)
    expect(maxDifference(gradients[0]!, slopes(features.data, (values) => naive(values, shape[1])))).toBeLessThan(1e-4)
  })

  it('does not depend on how long the features are', async () => {
    const features = noise([5, 4], 4)
    const longer = float32(features.shape, Array.from(features.data, (value) => 1000 * value))
    expect(Math.abs((await derived(features)).loss - (await derived(longer)).loss)).toBeLessThan(1e-5)
  })

  it('stays finite for identical rows: a distance of ε, and two of them push each other as hard in opposite directions', async () => {
    const { loss, gradients } = await derived(float32([2, 4], [1, 2, 3, 4, 1, 2, 3, 4]))
    // Each of the four differences is ε, so the distance is 2ε.
    expect(Math.abs(loss + Math.log(3e-8))).toBeLessThan(1e-4)
    expect(gradients[0]).toEqual(new Array(8).fill(0))
  })

  it('stays finite where all of a batch is one point, and where a feature is 0', async () => {
    for (const features of [float32([5, 3], new Array<number>(15).fill(1)), float32([3, 2], [0, 0, 1, 0, 0, 1])]) {
      const { loss, gradients } = await derived(features)
      expect([loss, ...gradients[0]!].filter((value) => !Number.isFinite(value))).toEqual([])
    }
  })

  it('of a single row says nothing: it has no neighbour', async () => {
    const { loss, gradients } = await derived(float32([1, 4], [1, 2, 3, 4]))
    expect([Number.isFinite(loss), gradients[0]]).toEqual([true, [0, 0, 0, 0]])
  })
})

it('adds up the gradients of a row that is the nearest of many in a fixed order, not by scattering', () => {
  const fed = input('features', 'float32', [9, 3])
  const ops = topologicalValues(gradients(koleoLoss(fed), [fed])).flatMap(({ source }) => (source.kind === 'node' ? [source.node.op] : []))
  expect([ops.includes('gemm'), ops.includes('scatterAdd')]).toEqual([true, false])
})
