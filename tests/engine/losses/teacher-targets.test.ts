import { describe, expect, it } from 'vitest'
import { input } from '../../../src/engine/graph'
import { centredTargets, meanScores, sinkhornTargets } from '../../../src/engine/losses'
import type { Tensor } from '../../../src/engine/tensor'
import { runGraph } from '../../helpers/run-graph'
import { naiveSoftmax, rowsOf, total } from '../../helpers/slopes'
import { float32, maxDifference, noise } from '../../helpers/tensors'

const values = (tensor: Tensor | undefined): number[] => Array.from(tensor!.data as Float32Array)
const scores = noise([6, 5], 1)

describe('centred targets', () => {
  it('are the softmax of what is above the centre, sharpened', async () => {
    const centre = noise([1, 5], 2)
    const { targets } = await runGraph(
      { targets: centredTargets(input('scores', 'float32', [6, 5]), input('centre', 'float32', [1, 5]), input('temperature', 'float32', [])) },
      { scores, centre, temperature: float32([], [0.07]) },
    )
    const expected = rowsOf(scores.data, 5).flatMap((row) => naiveSoftmax(row.map((score, prototype) => (score - centre.data[prototype]!) / 0.07)))
    expect(maxDifference(values(targets), expected)).toBeLessThan(1e-5)
  })
})

describe('the centre', () => {
  it('is to follow the mean of all rows', async () => {
    const { mean } = await runGraph({ mean: meanScores(input('scores', 'float32', [6, 5])) }, { scores })
    const rows = rowsOf(scores.data, 5)
    expect(maxDifference(values(mean), Array.from({ length: 5 }, (_, prototype) => total(rows.map((row) => row[prototype]!)) / 6))).toBeLessThan(1e-6)
  })

  it.each([
    ['some rows', [1, 0, 1, 1, 0, 0]],
    ['one row', [0, 0, 0, 0, 1, 0]],
    ['no row: the mean is then 0', [0, 0, 0, 0, 0, 0]],
  ])('counts the rows that count: %s', async (_what, counted) => {
    const { mean } = await runGraph({ mean: meanScores(input('scores', 'float32', [6, 5]), input('weights', 'float32', [6, 1])) }, { scores, weights: float32([6, 1], counted) })
    const rows = rowsOf(scores.data, 5).filter((_row, index) => counted[index] === 1)
    const expected = Array.from({ length: 5 }, (_, prototype) => total(rows.map((row) => row[prototype]!)) / Math.max(rows.length, 1))
    expect(maxDifference(values(mean), expected)).toBeLessThan(1e-6)
  })
})

/** DINOv2's own order: prototypes, then rows, three times over; `rows` are those that count. */
function naiveSinkhorn(rows: readonly (readonly number[])[], temperature: number): number[][] {
  const prototypes = rows[0]!.length
  let q = rows.map((row) => row.map((score) => Math.exp(score / temperature)))
  const all = total(q.flat())
  q = q.map((row) => row.map((value) => value / all))
  for (let iteration = 0; iteration < 3; iteration++) {
    const columns = Array.from({ length: prototypes }, (_, prototype) => total(q.map((row) => row[prototype]!)))
    q = q.map((row) => row.map((value, prototype) => value / columns[prototype]! / prototypes))
    q = q.map((row) => row.map((value) => value / total(row) / rows.length))
  }
  return q.map((row) => row.map((value) => value * rows.length))
}

async function sinkhorn(rows: Tensor<'float32'>, temperature: number, counted?: readonly number[]): Promise<number[]> {
  const weights = counted === undefined ? undefined : input('weights', 'float32', [counted.length, 1])
  const { targets } = await runGraph(
    { targets: sinkhornTargets(input('rows', 'float32', rows.shape), input('temperature', 'float32', []), weights) },
    { rows, temperature: float32([], [temperature]), ...(counted === undefined ? {} : { weights: float32([counted.length, 1], counted) }) },
  )
  return values(targets)
}

/** Cosines, as a head gives them. */
const cosines = (shape: readonly number[], seed: number, reach = 1): Tensor<'float32'> => float32(shape, Array.from(noise(shape, seed).data, (value) => reach * Math.tanh(value)))

describe('balanced targets', () => {
  it.each([0.04, 0.07])('are those of a plain loop at temperature %f', async (temperature) => {
    const rows = cosines([7, 5], 4)
    expect(maxDifference(await sinkhorn(rows, temperature), naiveSinkhorn(rowsOf(rows.data, 5), temperature).flat())).toBeLessThan(1e-5)
  })

  it('do not see padding, whose targets are 0', async () => {
    const rows = cosines([7, 5], 5)
    const expected = naiveSinkhorn(rowsOf(rows.data, 5).filter((_row, index) => index !== 2 && index < 5), 0.05)
    const [first, second, fourth, fifth] = expected
    const none = new Array<number>(5).fill(0)
    expect(maxDifference(await sinkhorn(rows, 0.05, [1, 1, 0, 1, 1, 0, 0]), [first!, second!, none, fourth!, fifth!, none, none].flat())).toBeLessThan(1e-5)
  })

  it('are 0, not NaN, where no row counts', async () => {
    expect(await sinkhorn(cosines([3, 4], 6), 0.04, [0, 0, 0])).toEqual(new Array(12).fill(0))
  })

  it('use a prototype that every row is far from as much as the others', async () => {
    // Gains of the prototypes may grow past 1, and a prototype may lie opposite to a whole batch.
    const rows = cosines([64, 8], 7, 0.2)
    const far = float32(rows.shape, Array.from(rows.data, (score, index) => (index % 8 === 3 ? score - 1.3 : score + 1.2)))
    const found = await sinkhorn(far, 0.04)
    const expected = naiveSinkhorn(rowsOf(far.data, 8), 0.04).flat()
    const ofPrototype = (targets: readonly number[]): number => total(rowsOf(targets, 8).map((row) => row[3]!))
    expect([ofPrototype(expected) > 7, Math.abs(ofPrototype(found) - ofPrototype(expected)) < 1e-3]).toEqual([true, true])
    expect(maxDifference(found, expected)).toBeLessThan(1e-4)
  })
})
