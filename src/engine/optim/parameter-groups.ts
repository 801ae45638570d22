/** @file Which parameter learns how fast and is decayed or not, in each of the two recipes. */
import type { TrainMethod } from '../contract'

/** What is clipped together in DINOv2: the network inside the student that a parameter belongs to. */
export type Submodule = 'backbone' | 'head' | 'dino_head' | 'ibot_head'

export interface ParameterGroup {
  readonly lrMultiplier: number
  readonly weightDecayMultiplier: 0 | 1
  /** Of the layer of prototypes, which is held still at first. */
  readonly lastLayer: boolean
  readonly submodule: Submodule
  /** False for the norms of the prototypes where they are fixed at 1: no gradient, no decay, no update. */
  readonly trainable: boolean
}

export interface ParameterGroupOptions {
  /** Blocks of the backbone. */
  readonly depth: number
  /** Each block learns this many times as fast as the one above it; 1 is all alike. */
  readonly layerwiseDecay: number
  /** On top, for the patch embedding. */
  readonly patchEmbedMultiplier: number
  /** Whether `weight_g` of the last layer is fixed. */
  readonly normLastLayer: boolean
}

const submodules: readonly Submodule[] = ['backbone', 'head', 'dino_head', 'ibot_head']
const embeddings = ['pos_embed', 'patch_embed', 'mask_token', 'cls_token', 'register_tokens']

/**
 * Group of the parameter `name` (`backbone.blocks.0.attn.qkv.weight`, `head.mlp.0.bias`), which has `rank` dimensions.
 * DINO exempts biases and everything of one dimension from weight decay; DINOv2 biases, norms and LayerScale. So CLS,
 * position, mask and register tokens and the prototypes are decayed in both.
 * Layer-wise decay: multiplier decay^(depth + 1 - id), where id is 0 for the embeddings, i + 1 for block i and
 * depth + 1 for the final norm and the heads. DINO itself has none: there both multipliers are 1.
 * Source: dino/utils.py:632-643; dinov2/utils/param_groups.py.
 * @throws RangeError for a name of no known part
 */
export function parameterGroup(method: TrainMethod, name: string, rank: number, options: ParameterGroupOptions): ParameterGroup {
  const [prefix = '', ...rest] = name.split('.')
  const submodule = submodules.find((known) => known === prefix)
  if (submodule === undefined) throw new RangeError(`parameterGroup: ${JSON.stringify(name)} begins with none of ${submodules.join(', ')}`)
  const own = rest.join('.')
  const exempt = method === 'dino' ? name.endsWith('.bias') || rank <= 1 : name.endsWith('.bias') || own.includes('norm') || own.includes('gamma')
  const lastLayer = submodule !== 'backbone' && own.includes('last_layer')
  return {
    lrMultiplier: submodule === 'backbone' ? backboneMultiplier(own, options) : 1,
    weightDecayMultiplier: exempt ? 0 : 1,
    lastLayer,
    submodule,
    trainable: !(options.normLastLayer && lastLayer && own.endsWith('weight_g')),
  }
}

function backboneMultiplier(name: string, { depth, layerwiseDecay, patchEmbedMultiplier }: ParameterGroupOptions): number {
  const block = /^blocks\.(\d+)\./.exec(name)?.[1]
  const layer = embeddings.some((embedding) => name.startsWith(embedding)) ? 0 : block === undefined ? depth + 1 : Number(block) + 1
  return layerwiseDecay ** (depth + 1 - layer) * (name.startsWith('patch_embed.') ? patchEmbedMultiplier : 1)
}
