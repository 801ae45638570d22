import { describe, expect, it } from 'vitest'
import { buildModel, countParameters, input } from '../../../src/engine/graph'
import { architectureName, dinoConfig, dinov2Config, swigluHidden, visionTransformer, vitParameters, vitParameterValues, type VitConfig } from '../../../src/engine/nn'

/** Builds the whole forward graph, mask token included, and counts the parameters that it uses. */
function builtParameterCount(config: VitConfig): number {
  const patches = input('patches', 'float32', ['batch', 'h*w', 3 * config.patchSize ** 2])
  const { tokens } = visionTransformer(config, vitParameterValues(config, () => 'float32'), {
    patches,
    rows: input('rows', 'float32', ['h', config.positionGrid]),
    columns: input('columns', 'float32', ['w', config.positionGrid]),
    ...(config.maskToken ? { masks: input('masks', 'bool', ['batch', 'h*w']) } : {}),
  })
  return countParameters(buildModel('count', { tokens }, () => new Uint8Array()))
}

describe('the official sizes', () => {
  // Source: the models of the official code, instantiated.
  it.each([
    [dinoConfig('ti', 16), 5_524_416, 'ViT-Ti/16'],
    [dinoConfig('ti', 8), 5_526_720, 'ViT-Ti/8'],
    [dinoConfig('s', 16), 21_665_664, 'ViT-S/16'],
    [dinoConfig('s', 8), 21_670_272, 'ViT-S/8'],
    [dinoConfig('b', 16), 85_798_656, 'ViT-B/16'],
    [dinoConfig('b', 8), 85_807_872, 'ViT-B/8'],
    [dinov2Config('s'), 22_056_576, 'ViT-S/14'],
    [dinov2Config('s', 4), 22_058_112, 'ViT-S/14 · 4 registers'],
    [dinov2Config('b'), 86_580_480, 'ViT-B/14'],
    [dinov2Config('b', 4), 86_583_552, 'ViT-B/14 · 4 registers'],
    [dinov2Config('l'), 304_368_640, 'ViT-L/14'],
    [dinov2Config('l', 4), 304_372_736, 'ViT-L/14 · 4 registers'],
    [dinov2Config('g'), 1_136_480_768, 'ViT-g/14'],
    [dinov2Config('g', 4), 1_136_486_912, 'ViT-g/14 · 4 registers'],
  ])('%#: the built graph has exactly the official number of parameters', (config, count, name) => {
    expect([builtParameterCount(config), architectureName(config)]).toEqual([count, name])
  })

  it('have as many state-dict entries as the official checkpoints', () => {
    const entries = (['s', 'b', 'l', 'g'] as const).map((size) => [vitParameters(dinov2Config(size)).length, vitParameters(dinov2Config(size, 4)).length])
    expect(entries).toEqual([[175, 176], [175, 176], [343, 344], [567, 568]])
  })

  it('have the official SwiGLU widths', () => {
    expect([192, 384, 768, 1024, 1536].map(swigluHidden)).toEqual([512, 1024, 2048, 2736, 4096])
  })
})
