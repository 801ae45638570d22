import { describe, expect, it } from 'vitest'
import { dinoConfig, dinov2Config, forwardMacs, initialParameters, vitParameters } from '../../../src/engine/nn'

describe('forwardMacs', () => {
  it.each([
    ['DINO Ti/16 at 224', dinoConfig('ti', 16), 196, 1.253],
    ['DINO S/16 at 224', dinoConfig('s', 16), 196, 4.598],
    ['DINO S/8 at 480', dinoConfig('s', 8), 3600, 196.23],
    ['DINO B/8 at 224', dinoConfig('b', 8), 784, 78.148],
    ['DINOv2 S/14 at 224', dinov2Config('s'), 256, 6.124],
    ['DINOv2 S/14 with registers at 518', dinov2Config('s', 4), 1369, 46.88],
    ['DINOv2 L/14 at 518', dinov2Config('l'), 1369, 506.8],
    ['DINOv2 g/14 at 224', dinov2Config('g'), 256, 299.39],
  ])('%s is what the official code computes', (_name, config, patches, gigaMacs) => {
    expect(forwardMacs(config, patches) / 1e9 / gigaMacs).toBeCloseTo(1, 3)
  })
})

describe('initialParameters', () => {
  const config = { ...dinov2Config('s', 4), dim: 64, depth: 2, heads: 1, hidden: 256 }

  it('gives every parameter its shape, the same for the same seed', () => {
    const first = [...initialParameters(config, 5)]
    expect(first.map(([name, { shape }]) => ({ name, shape }))).toEqual(vitParameters(config))
    expect([...initialParameters(config, 5)]).toEqual(first)
    expect([...initialParameters(config, 6)]).not.toEqual(first)
  })

  it('draws each kind as the references do', () => {
    const drawn = new Map(initialParameters(config, 5))
    const std = (name: string): number => Math.sqrt(drawn.get(name)!.data.reduce((sum, value) => sum + value * value, 0) / drawn.get(name)!.data.length)
    const figures = ['blocks.0.attn.qkv.weight', 'pos_embed', 'blocks.1.mlp.fc1.bias', 'norm.weight', 'norm.bias', 'mask_token'].map((name) => Number(std(name).toFixed(3)))
    expect(figures).toEqual([0.02, 0.02, 0, 1, 0, 0])
    expect(std('patch_embed.proj.weight')).toBeCloseTo(1 / Math.sqrt(3 * 3 * 14 * 14), 2)
    expect(drawn.get('blocks.0.ls1.gamma')!.data[0]).toBeCloseTo(1e-5, 9)
  })
})
