import { describe, expect, it } from 'vitest'
import { constant, input } from '../../../src/engine/graph'
import { dinov2Config, initialParameters, positionWeights, visionTransformer, type VitConfig } from '../../../src/engine/nn'
import type { Tensor } from '../../../src/engine/tensor'
import { runGraph } from '../../helpers/run-graph'
import { bool, maxDifference, noise } from '../../helpers/tensors'

const config: VitConfig = { ...dinov2Config('s', 4), dim: 64, depth: 2, heads: 1, hidden: 128, patchSize: 2, positionGrid: 4 }
const patchLength = 3 * config.patchSize ** 2
const grid = { height: 2, width: 3 }
const patches = grid.height * grid.width

/** Tokens of two pictures with weights that all matter, and an own mask token. */
async function tokensOf(pixels: Tensor<'float32'>, masks: Tensor<'bool'>): Promise<Float32Array> {
  const drawn = new Map(initialParameters(config, 3))
  const weights = new Map([...drawn].map(([name, tensor], index) => [name, constant({ ...tensor, data: noise(tensor.shape, index).data.map((value) => 0.1 * value) })]))
  const { tokens } = visionTransformer(config, (name) => weights.get(name)!, {
    patches: input('patches', 'float32', ['batch', 'h*w', patchLength]),
    rows: input('rows', 'float32', ['h', config.positionGrid]),
    columns: input('columns', 'float32', ['w', config.positionGrid]),
    masks: input('masks', 'bool', ['batch', 'h*w']),
  })
  const results = await runGraph({ tokens }, { patches: pixels, masks, ...positionWeights(config.positionGrid, grid, config.positionInterpolation) })
  return results['tokens']!.data as Float32Array
}

describe('the mask token', () => {
  const pixels = noise([2, patches, patchLength], 9)
  /** The same but for the third patch of the first picture. */
  const altered: Tensor<'float32'> = { ...pixels, data: pixels.data.map((value, index) => (Math.floor(index / patchLength) === 2 ? value + 1 : value)) }
  const mask = (masked: boolean): Tensor<'bool'> => bool([2, patches], Array.from({ length: 2 * patches }, (_, index) => masked && index === 2))

  it('hides what is under it from every token', async () => {
    expect(maxDifference(await tokensOf(pixels, mask(true)), await tokensOf(altered, mask(true)))).toBe(0)
    expect(maxDifference(await tokensOf(pixels, mask(false)), await tokensOf(altered, mask(false)))).toBeGreaterThan(1e-3)
  })

  it('changes the picture it is in and no other', async () => {
    const [masked, whole] = [await tokensOf(pixels, mask(true)), await tokensOf(pixels, mask(false))]
    const perPicture = masked.length / 2
    expect(maxDifference(masked.subarray(0, perPicture), whole.subarray(0, perPicture))).toBeGreaterThan(1e-3)
    expect(maxDifference(masked.subarray(perPicture), whole.subarray(perPicture))).toBe(0)
  })
})
