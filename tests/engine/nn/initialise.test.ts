import { describe, expect, it } from 'vitest'
import { dinov2Config, initialParameters, vitParameters, type VitConfig } from '../../../src/engine/nn'
import { distanceFromUniform, mean } from '../../helpers/statistics'

const v2: VitConfig = { ...dinov2Config('s', 4), patchSize: 8, dim: 48, depth: 2, heads: 2, hidden: 96, positionGrid: 9 }
const v1: VitConfig = { ...v2, family: 'dino', registers: 0, layerScale: false, maskToken: false }

const drawn = (config: VitConfig, seed = 1): ReadonlyMap<string, number[]> => new Map([...initialParameters(config, seed)].map(([name, { data }]) => [name, Array.from(data)]))

/** How many standard errors the mean and the standard deviation of normal numbers are off. */
function deviationsOff(values: readonly number[], std: number): number {
  const found = Math.sqrt(mean(values.map((value) => value ** 2)))
  return Math.max(Math.abs(mean(values)) / (std / Math.sqrt(values.length)), Math.abs(found - std) / (std / Math.sqrt(2 * values.length)))
}

/** What each parameter begins as, told from its numbers. */
function kindOf(values: readonly number[]): string {
  if (new Set(values).size === 1) return String(Number(values[0]!.toPrecision(6)))
  for (const std of [0.02, 1e-6]) if (deviationsOff(values, std) < 4.5) return `normal ${std}`
  return distanceFromUniform(values, -1 / Math.sqrt(192), 1 / Math.sqrt(192)) < 1.95 ? 'uniform' : 'something else'
}

describe('fresh weights', () => {
  it('of DINOv2 are drawn as the reference draws them', () => {
    const kinds = Object.fromEntries([...drawn(v2)].map(([name, values]) => [name, kindOf(values)]))
    const block = (index: number): Record<string, string> => ({
      [`blocks.${index}.norm1.weight`]: '1',
      [`blocks.${index}.norm1.bias`]: '0',
      [`blocks.${index}.attn.qkv.weight`]: 'normal 0.02',
      [`blocks.${index}.attn.qkv.bias`]: '0',
      [`blocks.${index}.attn.proj.weight`]: 'normal 0.02',
      [`blocks.${index}.attn.proj.bias`]: '0',
      [`blocks.${index}.ls1.gamma`]: '0.00001',
      [`blocks.${index}.norm2.weight`]: '1',
      [`blocks.${index}.norm2.bias`]: '0',
      [`blocks.${index}.mlp.fc1.weight`]: 'normal 0.02',
      [`blocks.${index}.mlp.fc1.bias`]: '0',
      [`blocks.${index}.mlp.fc2.weight`]: 'normal 0.02',
      [`blocks.${index}.mlp.fc2.bias`]: '0',
      [`blocks.${index}.ls2.gamma`]: '0.00001',
    })
    expect(kinds).toEqual({
      cls_token: 'normal 0.000001',
      pos_embed: 'normal 0.02',
      register_tokens: 'normal 0.000001',
      mask_token: '0',
      'patch_embed.proj.weight': 'uniform',
      'patch_embed.proj.bias': 'uniform',
      ...block(0),
      ...block(1),
      'norm.weight': '1',
      'norm.bias': '0',
    })
  })

  it('of DINO have a CLS token like the other weights', () => {
    expect(kindOf(drawn(v1).get('cls_token')!)).toBe('normal 0.02')
  })

  it('have the shapes of the architecture, depend on the seed, and no two tensors share their numbers', () => {
    expect([...initialParameters(v1, 1)].map(([name, { shape }]) => ({ name, shape }))).toEqual(vitParameters(v1))
    const first = (seed: number, name: string): number => drawn(v1, seed).get(name)![0]!
    expect(first(1, 'pos_embed')).toBe(first(1, 'pos_embed'))
    expect(first(1, 'pos_embed')).not.toBe(first(2, 'pos_embed'))
    expect(first(1, 'blocks.0.attn.qkv.weight')).not.toBe(first(1, 'blocks.1.attn.qkv.weight'))
  })
})
