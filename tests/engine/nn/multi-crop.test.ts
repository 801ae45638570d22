/** @file Crops of several sizes packed into one matrix come out as each size does alone. */
import { describe, expect, it } from 'vitest'
import { gradients } from '../../../src/engine/autodiff'
import { constant, input, type Value } from '../../../src/engine/graph'
import { clsOf, multiCropTransformer, parametersFrom, patchTokensOf, positionWeights, visionTransformer, vitParameters, type Parameters, type VitConfig, type VitInputs } from '../../../src/engine/nn'
import { add, multiply, sumAll, type AttentionForm } from '../../../src/engine/ops'
import type { Tensor } from '../../../src/engine/tensor'
import { runGraph } from '../../helpers/run-graph'
import { smallConfigs } from '../../helpers/small-models'
import { bool, maxDifference, noise } from '../../helpers/tensors'

const values = (tensor: Tensor | undefined): number[] => Array.from(tensor!.data as Float32Array)

/** 4 crops of 3 × 2 patches and 6 of 2 × 1. */
const crops = [{ name: 'global', batch: 4, grid: { height: 3, width: 2 } }, { name: 'local', batch: 6, grid: { height: 2, width: 1 } }] as const

interface Fixture {
  readonly config: VitConfig
  readonly weights: readonly Value[]
  readonly lookup: Parameters
  readonly inputs: readonly VitInputs[]
  readonly feeds: Readonly<Record<string, Tensor>>
}

function fixture(config: VitConfig, masked: boolean): Fixture {
  const specs = vitParameters(config)
  const weights = specs.map(({ name, shape }) => input(name, 'float32', shape))
  const inputs = crops.map(({ name, batch, grid }, index): VitInputs => {
    const { rows, columns } = positionWeights(config.positionGrid, grid, config.positionInterpolation)
    const patches = input(name, 'float32', [batch, grid.height * grid.width, 3 * config.patchSize ** 2])
    return { patches, rows: constant(rows), columns: constant(columns), ...(masked && index === 0 ? { masks: input('masks', 'bool', [4, 6]) } : {}) }
  })
  const scaled = (tensor: Tensor<'float32'>): Tensor<'float32'> => ({ ...tensor, data: tensor.data.map((value) => 0.3 * value) })
  return {
    config,
    weights,
    lookup: parametersFrom(new Map(specs.map(({ name }, index) => [name, weights[index]!])), 'the test'),
    inputs,
    feeds: {
      ...Object.fromEntries(specs.map(({ name, shape }, index) => [name, scaled(noise(shape, 20 + index))])),
      ...Object.fromEntries(inputs.map(({ patches }, index) => [crops[index]!.name, noise(patches.shape.map(Number), 1 + index)])),
      ...(masked ? { masks: bool([4, 6], Array.from({ length: 24 }, (_, patch) => patch % 5 === 0)) } : {}),
    },
  }
}

const cases = [
  ['DINO', smallConfigs.dino, false, 'fused'],
  ['DINOv2 with masks', smallConfigs.dinov2, true, 'fused'],
  ['DINOv2 with masks, composed attention', smallConfigs.dinov2, true, 'composed'],
  ['registers and SwiGLU', smallConfigs.registers, false, 'fused'],
] as const satisfies readonly (readonly [string, VitConfig, boolean, AttentionForm])[]

describe.each(cases)('%s', (_what, config, masked, form) => {
  const { lookup, inputs, feeds, weights } = fixture(config, masked)

  it('gives every size of crop the tokens that it has alone', async () => {
    const { tokens } = multiCropTransformer(config, lookup, inputs, { form })
    const alone = inputs.map((own) => visionTransformer(config, lookup, own, form).tokens)
    const results = await runGraph({ packed0: tokens[0]!, packed1: tokens[1]!, alone0: alone[0]!, alone1: alone[1]! }, feeds)
    for (const size of [0, 1]) {
      expect(results[`packed${size}`]!.shape).toEqual([crops[size]!.batch, 1 + config.registers + crops[size]!.grid.height * crops[size]!.grid.width, config.dim])
      expect(maxDifference(values(results[`packed${size}`]), values(results[`alone${size}`]))).toBeLessThan(2e-6)
    }
  })

  it('gives every weight the gradient that the sizes give it alone, together', async () => {
    const lossOf = (tokens: readonly Value[]): Value => tokens.map((own, index) => sumAll(multiply(own, constant(noise(own.shape.map(Number), 50 + index))))).reduce((all, term) => add(all, term))
    const packed = gradients(lossOf(multiCropTransformer(config, lookup, inputs, { form }).tokens), weights)
    const alone = gradients(lossOf(inputs.map((own) => visionTransformer(config, lookup, own, form).tokens)), weights)
    const results = await runGraph(Object.fromEntries([...packed.map((value, index) => [`p${index}`, value] as const), ...alone.map((value, index) => [`a${index}`, value] as const)]), feeds)
    vitParameters(config).forEach(({ name }, index) => {
      const expected = values(results[`a${index}`])
      // The key part of the qkv bias has no true gradient, so that a whole bias may be rounding; 1 is far below the rest.
      const largest = Math.max(...expected.map(Math.abs), 1)
      expect(maxDifference(values(results[`p${index}`]), expected) / largest, name).toBeLessThan(1e-5)
    })
  })
})

it('CLS is the first token and the patch tokens are those after the registers', async () => {
  const tokens = noise([2, 7, 3], 4)
  const value = input('tokens', 'float32', [2, 7, 3])
  const config: VitConfig = { ...smallConfigs.registers, dim: 3 }
  const results = await runGraph({ cls: clsOf(value), patches: patchTokensOf(config, value, input('patches', 'float32', [2, 2, 5])) }, { tokens })
  const token = (image: number, index: number): number[] => Array.from(tokens.data.subarray((image * 7 + index) * 3, (image * 7 + index + 1) * 3))
  expect(values(results['cls'])).toEqual([...token(0, 0), ...token(1, 0)])
  expect(values(results['patches'])).toEqual([...token(0, 5), ...token(0, 6), ...token(1, 5), ...token(1, 6)])
})
