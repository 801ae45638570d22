/** @file The networks a recipe describes: the backbone, the sizes of the heads, and how many parameters they have. */
import { architectureName, dinoConfig, dinoHeadParameters, dinov2Config, swigluHidden, vitParameters, type DinoHeadConfig, type ParameterSpec, type VitConfig } from '../../nn'
import type { RecipeSummary } from '../../contract'
import { elementCount } from '../../tensor'
import type { Recipe } from './schema'

interface BackboneSize {
  readonly dim: number
  readonly depth: number
  readonly heads: number
}

/** Width, depth and heads of a named architecture; a custom one says them itself, `auto` counting as 1. */
function backboneSize({ arch, dim, depth, heads }: Recipe['model']): BackboneSize {
  if (arch === 'custom') {
    const given = (value: number | 'auto'): number => (value === 'auto' ? 1 : value)
    return { dim: given(dim), depth: given(depth), heads: given(heads) }
  }
  const named = arch === 'l' || arch === 'g' ? dinov2Config(arch) : dinoConfig(arch, 16)
  return { dim: named.dim, depth: named.depth, heads: named.heads }
}

/** The backbone: its family is the method's, that of a distilled student DINOv2, and only DINOv2 has a mask token. */
export function recipeConfig({ method, model }: Recipe): VitConfig {
  const size = backboneSize(model)
  return {
    family: method === 'dino' ? 'dino' : 'dinov2',
    patchSize: model.patch_size,
    ...size,
    feedForward: model.ffn_layer,
    hidden: model.ffn_layer === 'swiglu' ? swigluHidden(size.dim) : 4 * size.dim,
    registers: model.num_register_tokens,
    layerScale: model.layerscale > 0,
    maskToken: method !== 'dino',
    positionGrid: Math.floor(model.image_size / model.patch_size),
    positionInterpolation: { antialias: model.interpolate_antialias, offset: model.interpolate_offset },
    layerNormEps: 1e-6,
  }
}

/** Sizes of the heads: `dino`, and `ibot` where hidden patches have one of their own. */
export function recipeHeads(recipe: Recipe): { readonly dino: DinoHeadConfig; readonly ibot: DinoHeadConfig | undefined } {
  const inputDim = backboneSize(recipe.model).dim
  const sizes = (group: Recipe['dino'] | Recipe['ibot']): DinoHeadConfig => ({
    inputDim,
    hidden: group.head_hidden_dim,
    bottleneck: group.head_bottleneck_dim,
    layers: group.head_nlayers,
    prototypes: group.head_n_prototypes,
  })
  return { dino: sizes(recipe.dino), ibot: recipe.ibot.separate_head && recipe.ibot.loss_weight > 0 ? sizes(recipe.ibot) : undefined }
}

/** The few numbers that a person decides by. */
export function recipeSummary(recipe: Recipe): RecipeSummary {
  const config = recipeConfig(recipe)
  const heads = recipeHeads(recipe)
  return {
    method: recipe.method,
    architecture: architectureName(config),
    patchSize: config.patchSize,
    backboneParameters: countOf(vitParameters(config)),
    headParameters: countOf(dinoHeadParameters(heads.dino)) + (heads.ibot === undefined ? 0 : countOf(dinoHeadParameters(heads.ibot))),
    globalSize: recipe.crops.global_crops_size,
    localSize: recipe.crops.local_crops_size,
    localCrops: recipe.crops.local_crops_number,
    batch: recipe.run.batch,
    accumulate: recipe.run.accumulate,
  }
}

function countOf(parameters: readonly ParameterSpec[]): number {
  return parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0)
}
