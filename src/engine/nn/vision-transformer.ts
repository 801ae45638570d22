/** @file The vision transformer of DINO and DINOv2 as a function from values to values. What is not asked for is not built. */
import type { Value } from '../graph'
import { layerNorm, mean, reshape, slice, sliceToEnd, type AttentionForm } from '../ops'
import { embedTokens, type VitInputs } from './embed-tokens'
import type { Parameters } from './parameters'
import { packTokens, unpackTokens } from './token-rows'
import { plainResidual, rowNorm, transformerBlock, type BlockContext, type Residual } from './transformer-block'
import type { VitConfig } from './vit-config'

/** One block's results. */
export interface BlockOutput {
  /** `[batch, tokens, dim]`, before the final norm. */
  readonly tokens: Value
  /** Attention of chosen query tokens (int64 `[queries]`, index 0 is CLS; by default of all) to all: `[batch, heads, queries, tokens]`. */
  attention(queries?: Value): Value
  /** Keys of every token, all heads side by side: `[batch, tokens, dim]`. */
  keys(): Value
}

export interface VitOutputs {
  /** After the final norm, `[batch, 1 + registers + h*w, dim]`: CLS, registers, patches. */
  readonly tokens: Value
  readonly blocks: readonly BlockOutput[]
  /** The final norm, for intermediate blocks. */
  norm(tokens: Value): Value
}

/**
 * Builds the transformer over pictures of one size.
 * @param form which kernel computes attention; the numbers are the same
 * Source: dino/vision_transformer.py; dinov2/models/vision_transformer.py:214-271.
 */
export function visionTransformer(config: VitConfig, parameters: Parameters, inputs: VitInputs, form: AttentionForm = 'fused'): VitOutputs {
  const context: BlockContext = { config, parameters, form, residual: plainResidual }
  let tokens = packTokens([embedTokens(config, parameters, inputs)])
  const { groups } = tokens
  const unpacked = (rows: Value): Value => unpackTokens(rows, groups)[0] ?? rows
  const blocks: BlockOutput[] = []
  for (let index = 0; index < config.depth; index++) {
    const block = transformerBlock(context, index, tokens)
    tokens = block.tokens
    blocks.push({ tokens: unpacked(tokens.rows), attention: (queries) => block.attention(queries), keys: () => block.keys() })
  }
  const norm = (x: Value): Value => layerNorm(x, parameters('norm.weight'), parameters('norm.bias'), config.layerNormEps)
  return { tokens: unpacked(rowNorm(context, 'norm', tokens.rows)), blocks, norm }
}

/** Several batches of crops through one transformer. */
export interface MultiCropOutputs {
  /** Tokens of each batch after the final norm, `[batch, tokens, dim]`. */
  readonly tokens: readonly Value[]
  /** The packed rows before each block and after the last: where activations may be let go and computed again. */
  readonly boundaries: readonly Value[]
}

export interface MultiCropOptions extends Pick<BlockContext, 'form'> {
  readonly residual?: Residual
}

/**
 * Builds the transformer over crops of several sizes, packed so that every layer runs once over all of their tokens.
 * Source: dino/utils.py:594-629 (MultiCropWrapper); dinov2/layers/block.py (NestedTensorBlock).
 */
export function multiCropTransformer(config: VitConfig, parameters: Parameters, inputs: readonly VitInputs[], options: MultiCropOptions): MultiCropOutputs {
  const context: BlockContext = { config, parameters, form: options.form, residual: options.residual ?? plainResidual }
  let tokens = packTokens(inputs.map((crops) => embedTokens(config, parameters, crops)))
  const boundaries = [tokens.rows]
  for (let index = 0; index < config.depth; index++) {
    tokens = transformerBlock(context, index, tokens).tokens
    boundaries.push(tokens.rows)
  }
  return { tokens: unpackTokens(rowNorm(context, 'norm', tokens.rows), tokens.groups), boundaries }
}

/** CLS after the final norm, `[batch, dim]`. */
export function clsOf(tokens: Value): Value {
  return reshape(slice(tokens, 1, 0, 1), [tokens.shape[0] ?? 0, tokens.shape[2] ?? 0])
}

/** The patch tokens, without CLS and registers, `[batch, h*w, dim]`. */
export function patchTokensOf(config: VitConfig, tokens: Value, patches: Value): Value {
  return sliceToEnd(tokens, 1, 1 + config.registers, patches.shape[1] ?? 0)
}

/** The mean of the patch tokens, `[batch, dim]`. */
export function meanPatchOf(config: VitConfig, tokens: Value, patches: Value): Value {
  return mean(patchTokensOf(config, tokens, patches), 1)
}
