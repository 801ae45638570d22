import { describe, expect, it } from 'vitest'
import { dinoConfig, dinov2Config } from '../../../../src/engine/nn'
import { parseRecipe, recipeConfig, recipeHeads, recipeSummary, type RecipeOverrides } from '../../../../src/engine/train/recipe'

describe('the backbone of a recipe', () => {
  it.each<['dino' | 'dinov2', RecipeOverrides['model'], unknown]>([
    ['dino', {}, dinoConfig('s', 16)],
    ['dino', { arch: 'ti', patch_size: 8 }, dinoConfig('ti', 8)],
    ['dinov2', { arch: 's', patch_size: 14, image_size: 518 }, dinov2Config('s')],
    ['dinov2', { arch: 'g', patch_size: 14, image_size: 518, ffn_layer: 'swiglu', num_register_tokens: 4, interpolate_antialias: true, interpolate_offset: 0 }, dinov2Config('g', 4)],
  ])('of %s with %j is that of the published models', (method, model, expected) => {
    // Published weights come with crops of whole patches of 14.
    const crops = model?.patch_size === 14 ? { local_crops_size: 98 } : {}
    expect(recipeConfig(parseRecipe(`method: ${method}`, { model, crops }))).toEqual(expected)
  })

  it('may be of any size', () => {
    expect(recipeConfig(parseRecipe('preset: tiny-smoke'))).toMatchObject({ dim: 64, depth: 2, heads: 1, hidden: 256, positionGrid: 4, layerScale: false, maskToken: false })
  })
})

describe('the summary of a recipe', () => {
  it('counts the parameters of the published models', () => {
    const count = (yaml: string, overrides: RecipeOverrides): readonly number[] => {
      const { backboneParameters, headParameters } = recipeSummary(parseRecipe(yaml, overrides))
      return [backboneParameters, headParameters]
    }
    expect([
      count('method: dino', { model: { arch: 'ti' } }),
      count('method: dino', {}),
      count('method: dino', { model: { arch: 'b' } }),
      count('method: dinov2', { model: { patch_size: 14, image_size: 518 }, crops: { local_crops_size: 98 } }),
    ]).toEqual([
      [5_524_416, 21_958_912],
      [21_665_664, 22_352_128],
      [85_798_656, 23_138_560],
      [304_368_640, 23_662_848],
    ])
  })

  it('adds a separate head for patches', () => {
    const recipe = parseRecipe('method: dinov2', {
      dino: { head_n_prototypes: 131_072, head_bottleneck_dim: 384 },
      ibot: { separate_head: true, head_n_prototypes: 131_072, head_bottleneck_dim: 256 },
    })
    expect(recipeSummary(recipe).headParameters).toBe(57_545_088 + 40_505_600)
    expect(recipeHeads(recipe).ibot).toEqual({ inputDim: 1024, hidden: 2048, bottleneck: 256, layers: 3, prototypes: 131_072 })
  })

  it('says what a person decides by', () => {
    expect(recipeSummary(parseRecipe('preset: dino-vitti16-laptop', { run: { batch: 'auto', accumulate: 2 } }))).toEqual({
      method: 'dino',
      architecture: 'ViT-Ti/16',
      patchSize: 16,
      backboneParameters: 5_524_416,
      headParameters: 6_168_832,
      globalSize: 128,
      localSize: 64,
      localCrops: 6,
      batch: 'auto',
      accumulate: 2,
    })
  })
})
