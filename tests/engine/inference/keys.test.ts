/** @file Keys of the last block: what objects are found by. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadBackbone } from '../../../src/engine/inference'
import { createRuntime } from '../../../src/engine/runtime'
import { randomStream } from '../../../src/engine/tensor'
import { readGoldenTensors } from '../../helpers/golden-tensors'
import { temporaryFolder } from '../../helpers/folders'
import { smallConfigs, writeSmallModel } from '../../helpers/small-models'

describe('the keys of the last block', () => {
  it.each([smallConfigs.dino, smallConfigs.registers])('are rows dim … 2·dim of its qkv layer, over normed tokens, of the patches alone ($family, $registers registers)', async (config) => {
    // One block: its input is what the patch embedding gives, with the learned positions since the grid is the learned one.
    const small = { ...config, depth: 1 }
    const folder = await writeSmallModel(await temporaryFolder(), small)
    const runtime = await createRuntime({ preferred: 'cpu' })
    onTestFinished(() => runtime.dispose())
    const { dim, positionGrid, patchSize, layerNormEps } = small
    const [count, pixels] = [positionGrid ** 2, 3 * patchSize ** 2]
    const random = randomStream(3)
    const patches = Float32Array.from({ length: count * pixels }, () => random.normal())
    const keys = await loadBackbone(runtime, folder).keys({ count: 1, grid: { height: positionGrid, width: positionGrid }, patches })

    const tensors = readGoldenTensors(folder.weights.path)
    const weight = (name: string): Float32Array => tensors.get(name)!.data
    const [embed, embedBias, positions] = [weight('patch_embed.proj.weight'), weight('patch_embed.proj.bias'), weight('pos_embed')]
    const [gain, shift, qkv, qkvBias] = [weight('blocks.0.norm1.weight'), weight('blocks.0.norm1.bias'), weight('blocks.0.attn.qkv.weight'), weight('blocks.0.attn.qkv.bias')]
    const expected = Array.from({ length: count }, (_, patch) => {
      const token = Array.from({ length: dim }, (_value, row) => {
        let sum = embedBias[row]! + positions[(1 + patch) * dim + row]!
        for (let pixel = 0; pixel < pixels; pixel++) sum += embed[row * pixels + pixel]! * patches[patch * pixels + pixel]!
        return sum
      })
      const mean = token.reduce((sum, value) => sum + value, 0) / dim
      const deviation = Math.sqrt(token.reduce((sum, value) => sum + (value - mean) ** 2, 0) / dim + layerNormEps)
      const normed = token.map((value, row) => ((value - mean) / deviation) * gain[row]! + shift[row]!)
      return Array.from({ length: dim }, (_value, row) => normed.reduce((sum, value, column) => sum + qkv[(dim + row) * dim + column]! * value, qkvBias[dim + row]!))
    }).flat()
    expect(keys).toHaveLength(count * dim)
    expect(Math.max(...expected.map((value, index) => Math.abs(value - keys[index]!)))).toBeLessThan(1e-4)
  })
})
