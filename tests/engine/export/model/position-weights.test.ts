import { describe, expect, it } from 'vitest'
import { positionWeightValues } from '../../../../src/engine/export/model/position-weights'
import { input } from '../../../../src/engine/graph'
import { antialiasedInterpolation, offsetInterpolation, positionWeights, type PositionInterpolation } from '../../../../src/engine/nn'
import { runGraph } from '../../../helpers/run-graph'
import { int64, maxDifference } from '../../../helpers/tensors'

const kernels: Readonly<Record<string, PositionInterpolation>> = { offset: offsetInterpolation, antialiased: antialiasedInterpolation, plain: { antialias: false, offset: 0 } }
const grids = [[16, 16], [16, 23], [37, 37], [37, 1], [1, 2], [64, 91], [150, 3], [9, 16]] as const

async function inGraph(positionGrid: number, [height, width]: readonly [number, number], kernel: PositionInterpolation): Promise<readonly [Float32Array, Float32Array]> {
  const grid = { height: { value: input('height', 'int64', [1]), dim: 'h' }, width: { value: input('width', 'int64', [1]), dim: 'w' } }
  const results = await runGraph({ ...positionWeightValues(positionGrid, grid, kernel) }, { height: int64([1], [height]), width: int64([1], [width]) })
  return [results['rows']!.data as Float32Array, results['columns']!.data as Float32Array]
}

describe.each(Object.entries(kernels))('position weights of the %s kernel', (_name, kernel) => {
  it.each([16, 37, 28])('of a learned grid of %i are within 1e-5 of those of nn at every size', async (positionGrid) => {
    for (const [height, width] of grids) {
      const [rows, columns] = await inGraph(positionGrid, [height, width], kernel)
      const expected = positionWeights(positionGrid, { height, width }, kernel)
      expect([height, width, maxDifference(rows, expected.rows.data) < 1e-5, maxDifference(columns, expected.columns.data) < 1e-5]).toEqual([height, width, true, true])
    }
  })

  it('leave the learned grid exactly as it is', async () => {
    const [rows, columns] = await inGraph(37, [37, 37], kernel)
    const identity = positionWeights(37, { height: 37, width: 37 }, kernel)
    expect([rows.map(Math.abs), columns.map(Math.abs)]).toEqual([identity.rows.data, identity.columns.data])
  })
})
