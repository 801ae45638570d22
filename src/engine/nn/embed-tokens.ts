/** @file Patches to tokens: patchify, mask, CLS, positions, then registers, which have none. */
import type { Value } from '../graph'
import { concat, expand, flattenRows, linear, reshape, where } from '../ops'
import { addPositions } from './position-embedding'
import type { Parameters } from './parameters'
import type { VitConfig } from './vit-config'

export interface VitInputs {
  /** Pixels as rows, float32 `[batch, h*w, 3·p²]`, each row channel, y, x. */
  readonly patches: Value
  /** Position-embedding interpolation matrices `[h, M]` and `[w, M]`; see `positionWeights`. */
  readonly rows: Value
  readonly columns: Value
  /** Bool `[batch, h*w]`: patches replaced by the mask token before positions are added. */
  readonly masks?: Value
}

/**
 * The tokens that enter the first block, `[batch, 1 + registers + h*w, dim]`.
 * Source: dinov2/models/vision_transformer.py:214-233.
 */
export function embedTokens(config: VitConfig, parameters: Parameters, { patches, rows, columns, masks }: VitInputs): Value {
  const { dim, registers, patchSize, positionGrid } = config
  const batch = patches.shape[0] ?? 0
  const weight = reshape(parameters('patch_embed.proj.weight'), [dim, 3 * patchSize * patchSize])
  const projected = reshape(linear(flattenRows(patches), weight, parameters('patch_embed.proj.bias')), [batch, patches.shape[1] ?? 0, dim], patches)
  const visible = masks === undefined ? projected : where(reshape(masks, [...masks.shape, 1], masks), reshape(parameters('mask_token'), [1, 1, dim]), projected)
  const positioned = addPositions(parameters('pos_embed'), parameters('cls_token'), visible, { rows, columns, positionGrid })
  const perImage = (token: Value): Value => expand(token, [batch, ...token.shape.slice(1)], patches)
  return concat([perImage(positioned.cls), ...(registers > 0 ? [perImage(parameters('register_tokens'))] : []), positioned.patches], 1)
}
