import { describe, expect, it } from 'vitest'
import { dinoConfig, dinov2Config, vitParameters } from '../../../src/engine/nn'
import { parameterGroup, type ParameterGroup, type ParameterGroupOptions } from '../../../src/engine/optim'

const plain: ParameterGroupOptions = { depth: 12, layerwiseDecay: 1, patchEmbedMultiplier: 1, normLastLayer: true }
const layered: ParameterGroupOptions = { depth: 12, layerwiseDecay: 0.9, patchEmbedMultiplier: 0.2, normLastLayer: false }

const decayed = (names: readonly (readonly [string, number])[], method: 'dino' | 'dinov2'): string[] =>
  names.filter(([name, rank]) => parameterGroup(method, name, rank, plain).weightDecayMultiplier === 1).map(([name]) => name)

describe('weight decay', () => {
  it('in DINO spares biases and vectors alone', () => {
    const names = vitParameters({ ...dinoConfig('ti', 16), depth: 1 }).map(({ name, shape }) => [`backbone.${name}`, shape.length] as const)
    const head = [['head.mlp.0.weight', 2], ['head.mlp.0.bias', 1], ['head.last_layer.weight_g', 2], ['head.last_layer.weight_v', 2]] as const
    expect(decayed([...names, ...head], 'dino')).toEqual([
      'backbone.cls_token',
      'backbone.pos_embed',
      'backbone.patch_embed.proj.weight',
      'backbone.blocks.0.attn.qkv.weight',
      'backbone.blocks.0.attn.proj.weight',
      'backbone.blocks.0.mlp.fc1.weight',
      'backbone.blocks.0.mlp.fc2.weight',
      'head.mlp.0.weight',
      'head.last_layer.weight_g',
      'head.last_layer.weight_v',
    ])
  })

  it('in DINOv2 spares biases, norms and LayerScale alone', () => {
    const names = vitParameters({ ...dinov2Config('s', 4), depth: 1 }).map(({ name, shape }) => [`backbone.${name}`, shape.length] as const)
    expect(decayed(names, 'dinov2')).toEqual([
      'backbone.cls_token',
      'backbone.pos_embed',
      'backbone.register_tokens',
      'backbone.mask_token',
      'backbone.patch_embed.proj.weight',
      'backbone.blocks.0.attn.qkv.weight',
      'backbone.blocks.0.attn.proj.weight',
      'backbone.blocks.0.mlp.fc1.weight',
      'backbone.blocks.0.mlp.fc2.weight',
    ])
  })
})

describe('the learning rate', () => {
  const multiplier = (name: string): number => parameterGroup('dinov2', name, 2, layered).lrMultiplier

  it('decays layer by layer from the heads down to the embeddings, and more for the patch embedding', () => {
    expect(
      ['dino_head.mlp.0.weight', 'backbone.norm.weight', 'backbone.blocks.11.ls2.gamma', 'backbone.blocks.0.norm1.weight', 'backbone.pos_embed', 'backbone.mask_token', 'backbone.register_tokens'].map(multiplier),
    ).toEqual([1, 1, 0.9, 0.9 ** 12, 0.9 ** 13, 0.9 ** 13, 0.9 ** 13])
    expect(multiplier('backbone.patch_embed.proj.bias')).toBe(0.9 ** 13 * 0.2)
  })

  it('tells block 1 from block 11', () => {
    expect(multiplier('backbone.blocks.1.attn.qkv.weight')).toBe(0.9 ** 11)
  })
})

describe('a parameter knows its network', () => {
  it.each<[string, ParameterGroup]>([
    ['head.last_layer.weight_v', { lrMultiplier: 1, weightDecayMultiplier: 1, lastLayer: true, submodule: 'head', trainable: true }],
    ['head.last_layer.weight_g', { lrMultiplier: 1, weightDecayMultiplier: 1, lastLayer: true, submodule: 'head', trainable: false }],
    ['backbone.norm.bias', { lrMultiplier: 1, weightDecayMultiplier: 0, lastLayer: false, submodule: 'backbone', trainable: true }],
  ])('%s', (name, group) => {
    expect(parameterGroup('dino', name, name.includes('bias') ? 1 : 2, plain)).toEqual(group)
  })

  it('and DINOv2 trains the norms of its prototypes', () => {
    expect(parameterGroup('dinov2', 'ibot_head.last_layer.weight_g', 2, layered)).toEqual({ lrMultiplier: 1, weightDecayMultiplier: 1, lastLayer: true, submodule: 'ibot_head', trainable: true })
  })

  it('or is refused by name', () => {
    expect(() => parameterGroup('dino', 'blocks.0.norm1.weight', 1, plain)).toThrow('"blocks.0.norm1.weight" begins with none of backbone, head, dino_head, ibot_head')
  })
})
