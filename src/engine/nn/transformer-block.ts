/** @file One pre-norm transformer block over packed rows: attention within each sequence, everything else row by row. */
import type { Value } from '../graph'
import { add, attention, attentionWeights, flattenRows, gather, gelu, layerNorm, linear, multiply, reshape, silu, slice, split, type AttentionForm } from '../ops'
import type { Parameters } from './parameters'
import { packTokens, unpackTokens, type TokenGroup, type TokenRows } from './token-rows'
import type { VitConfig } from './vit-config'

/** What a branch adds to the residual stream, rows to rows of the same shape. */
export type Branch = (tokens: TokenRows) => Value

/** How a branch joins the residual stream: a plain sum, or one of the forms of stochastic depth. `name` is `blocks.3.attn` or `blocks.3.mlp`. */
export type Residual = (name: string, tokens: TokenRows, branch: Branch) => Value

export const plainResidual: Residual = (_name, tokens, branch) => add(tokens.rows, branch(tokens))

export interface BlockContext {
  readonly config: VitConfig
  readonly parameters: Parameters
  /** Which kernel computes attention; the numbers are the same. */
  readonly form: AttentionForm
  readonly residual: Residual
}

/** A block's rows, and the attention of chosen queries for whoever looks. */
export interface BlockRows {
  readonly tokens: TokenRows
  /** Attention of chosen query tokens (int64 `[queries]`, index 0 is CLS; by default of all) to all, of the first group: `[batch, heads, queries, tokens]`. */
  attention(queries?: Value): Value
  /** Keys that are attended to, all heads side by side: `[batch, tokens, dim]`, of the first group. */
  keys(): Value
}

/** Source: dino/vision_transformer.py:107-113; dinov2/layers/block.py:89-114. */
export function transformerBlock(context: BlockContext, index: number, tokens: TokenRows): BlockRows {
  const { config, residual } = context
  const name = `blocks.${index}`
  const scale = (config.dim / config.heads) ** -0.5
  let looked: ProjectedHeads | undefined
  const attended = residual(`${name}.attn`, tokens, (input) => {
    const heads = projectHeads(context, `${name}.attn.qkv`, rowNorm(context, `${name}.norm1`, input.rows), input.groups)
    looked = heads[0]
    const mixed = packTokens(heads.map(({ query, key, value }) => attention(context.form, query, key, value, config.heads, scale))).rows
    return scaled(context, `${name}.ls1`, rowLinear(context.parameters, `${name}.attn.proj`, mixed))
  })
  const middle: TokenRows = { rows: attended, groups: tokens.groups }
  const rows = residual(`${name}.mlp`, middle, (input) =>
    scaled(context, `${name}.ls2`, feedForward(context, `${name}.mlp`, rowNorm(context, `${name}.norm2`, input.rows))),
  )
  const firstGroup = (): ProjectedHeads => {
    if (looked === undefined) throw new RangeError(`${name} has no attention to look at`)
    return looked
  }
  return {
    tokens: { rows, groups: tokens.groups },
    attention: (queries) => {
      const { query, key } = firstGroup()
      return attentionWeights(queries === undefined ? query : gather(query, queries, 1), key, config.heads, scale)
    },
    // Not the split's output: ONNX Runtime leaves out outputs that nobody reads, and then finds one size too many.
    keys: () => slice(firstGroup().projected, 2, config.dim, config.dim),
  }
}

/** Layer normalisation of every row by the weights under `name`. */
export function rowNorm({ config, parameters }: Pick<BlockContext, 'config' | 'parameters'>, name: string, rows: Value): Value {
  return layerNorm(rows, parameters(`${name}.weight`), parameters(`${name}.bias`), config.layerNormEps)
}

/** A linear layer over rows `[rows, in]`. */
export function rowLinear(parameters: Parameters, name: string, rows: Value): Value {
  return linear(rows, parameters(`${name}.weight`), parameters(`${name}.bias`))
}

interface ProjectedHeads {
  /** `[batch, tokens, 3·dim]`: query, key and value side by side. */
  readonly projected: Value
  /** Each `[batch, tokens, dim]`. */
  readonly query: Value
  readonly key: Value
  readonly value: Value
}

/**
 * Query, key and value of each group. The one qkv layer has rows q, k, v, head-major inside
 * each. It runs for each group by itself, since taking apart what comes out would move three times as much.
 */
function projectHeads({ parameters }: BlockContext, name: string, rows: Value, groups: readonly TokenGroup[]): ProjectedHeads[] {
  return unpackTokens(rows, groups).map((tokens) => {
    const flat = rowLinear(parameters, name, flattenRows(tokens))
    const projected = reshape(flat, [...tokens.shape.slice(0, 2), flat.shape[1] ?? 0], tokens)
    const [query, key, value] = split(projected, 2, 3)
    if (query === undefined || key === undefined || value === undefined) throw new RangeError('qkv did not split in three')
    return { projected, query, key, value }
  })
}

/** LayerScale: an elementwise gain before the residual is added. Source: dinov2/layers/layer_scale.py:33. */
function scaled({ config, parameters }: BlockContext, name: string, x: Value): Value {
  return config.layerScale ? multiply(x, parameters(`${name}.gamma`)) : x
}

/** GELU MLP, or SwiGLU: w3(silu(x1) · x2). Source: dinov2/layers/swiglu_ffn.py:30-34. */
function feedForward({ config, parameters }: BlockContext, name: string, rows: Value): Value {
  if (config.feedForward === 'mlp') return rowLinear(parameters, `${name}.fc2`, gelu(rowLinear(parameters, `${name}.fc1`, rows)))
  const [gate, up] = split(rowLinear(parameters, `${name}.w12`, rows), 1, 2)
  if (gate === undefined || up === undefined) throw new RangeError('w12 did not split in two')
  return rowLinear(parameters, `${name}.w3`, multiply(silu(gate), up))
}
