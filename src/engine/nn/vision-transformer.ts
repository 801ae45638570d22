/** @file The vision transformer of DINO and DINOv2 as a function from values to values. What is not asked for is not built. */
import { parameter, type Value } from '../graph'
import { add, attention, attentionWeights, cast, concat, expand, flattenRows, gather, gelu, layerNorm, linear, mean, multiply, reshape, silu, slice, sliceToEnd, split, where, type AttentionForm } from '../ops'
import type { DType } from '../tensor'
import { addPositions } from './position-embedding'
import { vitParameters, type VitConfig } from './vit-config'

/** The weights by checkpoint name. */
export type Parameters = (name: string) => Value

export interface VitInputs {
  /** Pixels as rows, float32 `[batch, h*w, 3·p²]`, each row channel, y, x. */
  readonly patches: Value
  /** Position-embedding interpolation matrices `[h, M]` and `[w, M]`; see `positionWeights`. */
  readonly rows: Value
  readonly columns: Value
  /** Bool `[batch, h*w]`: patches replaced by the mask token before positions are added. */
  readonly masks?: Value
}

/** One block's results. */
export interface BlockOutput {
  /** `[batch, tokens, dim]`, before the final norm. */
  readonly tokens: Value
  /** Attention of chosen query tokens (int64 `[queries]`, index 0 is CLS) to all: `[batch, heads, queries, tokens]`. */
  attention(queries: Value): Value
}

export interface VitOutputs {
  /** After the final norm, `[batch, 1 + registers + h*w, dim]`: CLS, registers, patches. */
  readonly tokens: Value
  readonly blocks: readonly BlockOutput[]
  /** The final norm, for intermediate blocks. */
  norm(tokens: Value): Value
}

/** Parameters of a configuration as graph values. */
export function vitParameterValues(config: VitConfig, dtypeOf: (name: string) => DType): Parameters {
  const values = new Map(
    vitParameters(config).map(({ name, shape }) => [name, cast(parameter(name, dtypeOf(name), shape), 'float32')]),
  )
  return (name) => {
    const value = values.get(name)
    if (value === undefined) throw new RangeError(`a ViT of this configuration has no parameter ${name}`)
    return value
  }
}

/**
 * Builds the transformer.
 * @param form which kernel computes attention; the numbers are the same
 * Source: dino/vision_transformer.py; dinov2/models/vision_transformer.py:214-271.
 */
export function visionTransformer(config: VitConfig, parameters: Parameters, inputs: VitInputs, form: AttentionForm = 'fused'): VitOutputs {
  const norm = (name: string) => (tokens: Value): Value => layerNorm(tokens, parameters(`${name}.weight`), parameters(`${name}.bias`), config.layerNormEps)
  let tokens = embedTokens(config, parameters, inputs)
  const blocks: BlockOutput[] = []
  for (let index = 0; index < config.depth; index++) {
    const name = `blocks.${index}`
    const normed = norm(`${name}.norm1`)(tokens)
    const [query, key, value] = projectHeads(parameters, `${name}.attn.qkv`, normed)
    const attended = attention(form, query, key, value, config.heads, headScale(config))
    tokens = add(tokens, scaled(config, parameters, `${name}.ls1`, linearOver(parameters, `${name}.attn.proj`, attended)))
    tokens = add(tokens, scaled(config, parameters, `${name}.ls2`, feedForward(config, parameters, `${name}.mlp`, norm(`${name}.norm2`)(tokens))))
    blocks.push({ tokens, attention: (queries) => attentionWeights(gather(query, queries, 1), key, config.heads, headScale(config)) })
  }
  return { tokens: norm('norm')(tokens), blocks, norm: norm('norm') }
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

/** Patches to tokens with positions: patchify, mask, CLS, positions, then registers, which have none. */
function embedTokens(config: VitConfig, parameters: Parameters, { patches, rows, columns, masks }: VitInputs): Value {
  const { dim, registers, patchSize, positionGrid } = config
  const batch = patches.shape[0] ?? 0
  const weight = reshape(parameters('patch_embed.proj.weight'), [dim, 3 * patchSize * patchSize])
  const projected = reshape(linear(flattenRows(patches), weight, parameters('patch_embed.proj.bias')), [batch, patches.shape[1] ?? 0, dim], patches)
  const visible = masks === undefined ? projected : where(reshape(masks, [...masks.shape, 1], masks), reshape(parameters('mask_token'), [1, 1, dim]), projected)
  const positioned = addPositions(parameters('pos_embed'), parameters('cls_token'), visible, { rows, columns, positionGrid })
  const perImage = (token: Value): Value => expand(token, [batch, ...token.shape.slice(1)], patches)
  return concat([perImage(positioned.cls), ...(registers > 0 ? [perImage(parameters('register_tokens'))] : []), positioned.patches], 1)
}

function headScale({ dim, heads }: VitConfig): number {
  return (dim / heads) ** -0.5
}

/** A linear layer over the last axis of `[batch, tokens, in]`. */
function linearOver(parameters: Parameters, name: string, x: Value): Value {
  const weight = parameters(`${name}.weight`)
  return reshape(linear(flattenRows(x), weight, parameters(`${name}.bias`)), [...x.shape.slice(0, -1), weight.shape[0] ?? 0], x)
}

/** Query, key and value, each `[batch, tokens, dim]`. The one qkv layer has rows q, k, v, head-major inside each. */
function projectHeads(parameters: Parameters, name: string, x: Value): [query: Value, key: Value, value: Value] {
  const [query, key, value] = split(linearOver(parameters, name, x), 2, 3)
  if (query === undefined || key === undefined || value === undefined) throw new RangeError('qkv did not split in three')
  return [query, key, value]
}

/** LayerScale: an elementwise gain before the residual is added. Source: dinov2/layers/layer_scale.py:33. */
function scaled(config: VitConfig, parameters: Parameters, name: string, x: Value): Value {
  return config.layerScale ? multiply(x, parameters(`${name}.gamma`)) : x
}

/** GELU MLP, or SwiGLU: w3(silu(x1) · x2). Source: dinov2/layers/swiglu_ffn.py:30-34. */
function feedForward(config: VitConfig, parameters: Parameters, name: string, x: Value): Value {
  if (config.feedForward === 'mlp') return linearOver(parameters, `${name}.fc2`, gelu(linearOver(parameters, `${name}.fc1`, x)))
  const [gate, up] = split(linearOver(parameters, `${name}.w12`, x), 2, 2)
  if (gate === undefined || up === undefined) throw new RangeError('w12 did not split in two')
  return linearOver(parameters, `${name}.w3`, multiply(silu(gate), up))
}
