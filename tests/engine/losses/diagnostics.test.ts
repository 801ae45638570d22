import { describe, expect, it } from 'vitest'
import { input } from '../../../src/engine/graph'
import { divergence, meanEntropy } from '../../../src/engine/losses'
import { runGraph } from '../../helpers/run-graph'
import { naiveSoftmax, rowsOf, total } from '../../helpers/slopes'
import { float32, noise } from '../../helpers/tensors'

const entropyOf = async (rows: number[][]): Promise<number> => {
  const shape = [rows.length, rows[0]!.length]
  const { entropy } = await runGraph({ entropy: meanEntropy(input('rows', 'float32', shape)) }, { rows: float32(shape, rows.flat()) })
  return Number(entropy!.data[0])
}

describe('the teacher’s entropy', () => {
  it('is that of a plain loop', async () => {
    const rows = rowsOf(noise([6, 7], 1).data, 7).map(naiveSoftmax)
    expect(await entropyOf(rows)).toBeCloseTo(-total(rows.map((row) => total(row.map((p) => p * Math.log(p))))) / rows.length, 5)
  })

  it('is log K where all prototypes are alike, and 0 where one stands alone', async () => {
    expect(await entropyOf([[0.25, 0.25, 0.25, 0.25]])).toBeCloseTo(Math.log(4), 6)
    expect(await entropyOf([[0, 1, 0, 0]])).toBeCloseTo(0, 6)
  })
})

it('the divergence of teacher and student is what the cross-entropy has above the entropy', async () => {
  const [p, q] = [[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]] as const
  const crossEntropy = -total(p.map((probability, index) => probability * Math.log(q[index]!)))
  const entropy = -total(p.map((probability) => probability * Math.log(probability)))
  const { kl } = await runGraph({ kl: divergence(input('ce', 'float32', []), input('h', 'float32', [])) }, { ce: float32([], [crossEntropy]), h: float32([], [entropy]) })
  expect(Number(kl!.data[0])).toBeCloseTo(total(p.map((probability, index) => probability * Math.log(probability / q[index]!))), 6)
})
