/** @file Whether weights fit a recipe, and the keys that make them fit. */
import { describe, expect, it } from 'vitest'
import { architectureDifferences } from '../../../../src/engine/host/runs/architecture-match'
import { antialiasedInterpolation, dinoConfig, dinov2Config, type VitConfig } from '../../../../src/engine/nn'
import { parseRecipe, recipeConfig } from '../../../../src/engine/train'

const recipe = recipeConfig(parseRecipe('preset: dinov2-vits14-continue\n'))
const changes = (model: VitConfig, from: VitConfig = recipe): (string | undefined)[] => architectureDifferences(from, model).map(({ change }) => change)

describe('architectureDifferences', () => {
  it('finds none between the published DINOv2 ViT-S/14 and the preset that continues it', () => {
    expect(architectureDifferences(recipe, dinov2Config('s'))).toEqual([])
  })

  it('finds none for a model without a mask token, which begins anew', () => {
    expect(architectureDifferences(recipe, { ...dinov2Config('s'), maskToken: false })).toEqual([])
  })

  it('names every difference and the key of each', () => {
    expect(architectureDifferences(recipe, dinoConfig('ti', 16))).toEqual([
      { what: 'size (width × blocks, heads) 384 × 12, 6, the model has 192 × 12, 3', change: 'model.arch: ti' },
      { what: 'patch size 14, the model has 16', change: 'model.patch_size: 16' },
      { what: 'LayerScale on, the model has off', change: 'model.layerscale: 0' },
      { what: 'position grid 37, the model has 14', change: 'model.image_size: 224' },
    ])
  })

  it.each<[string, VitConfig, (string | undefined)[]]>([
    ['registers', dinov2Config('s', 4), ['model.num_register_tokens: 4', 'model.interpolate_antialias: true', 'model.interpolate_offset: 0']],
    ['a giant', { ...dinov2Config('g'), positionGrid: 37 }, ['model.arch: g', 'model.ffn_layer: swiglu']],
    ['a size without a letter', { ...dinov2Config('s'), depth: 6 }, ['model.arch: custom, model.dim: 384, model.depth: 6, model.heads: 6']],
    ['only antialiasing', { ...dinov2Config('s'), positionInterpolation: { ...antialiasedInterpolation, offset: 0.1 } }, ['model.interpolate_antialias: true']],
    ['a width of the feed-forward that no key says', { ...dinov2Config('s'), hidden: 1000 }, [undefined]],
  ])('says what to change for %s', (_title, model, expected) => {
    expect(changes(model)).toEqual(expected)
  })

  it('leads to a recipe that fits when what it says is followed', () => {
    const followed = recipeConfig(parseRecipe('preset: dinov2-vits14-continue\nmodel:\n  num_register_tokens: 4\n  interpolate_antialias: true\n  interpolate_offset: 0\n'))
    expect(architectureDifferences(followed, dinov2Config('s', 4))).toEqual([])
  })
})
