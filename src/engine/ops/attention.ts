/** @file Attention: ONNX Runtime's one fused kernel, which keeps no N×N matrix, and the same composed of plain ops. */
import { scalar, type Value } from '../graph'
import { matMul } from './linalg'
import { multiply, subtract } from './elementwise'
import { reshape, transpose } from './movement'
import { softmax } from './normalization'
import { sum } from './reduction'
import { applySingle, float, formatType, gradientOf, graphError, inputAt, int, operand, type OpRule } from './rule'

interface AttentionParameters {
  readonly heads: number
  readonly scale: number
}

/** Inputs: query, key, value, each `[batch, tokens, dim]`. */
export const multiHeadAttentionRule: OpRule<AttentionParameters> = {
  name: 'multiHeadAttention',
  infer: (inputs, { heads }) => {
    const query = operand('multiHeadAttention', inputs, 0)
    const key = operand('multiHeadAttention', inputs, 1)
    const value = operand('multiHeadAttention', inputs, 2)
    const dim = query.shape[2]
    if (query.shape.length !== 3 || typeof dim !== 'number' || dim % heads !== 0)
      throw graphError('multiHeadAttention', `query ${formatType(query)} does not fall into ${heads} heads`)
    if (formatType(key) !== formatType(value) || key.shape[0] !== query.shape[0] || key.shape[2] !== dim)
      throw graphError('multiHeadAttention', `key ${formatType(key)} and value ${formatType(value)} do not fit query ${formatType(query)}`)
    return [query]
  },
  emit: ({ heads, scale }) => ({ opType: 'MultiHeadAttention', domain: 'com.microsoft', attributes: { num_heads: int(heads), scale: float(scale) } }),
  // The kernel keeps no weights, so they are computed again: a product of tokens · tokens · dim, for no N×N matrix in between.
  gradient: gradientOf((upstream, inputs, _output, { heads, scale }) => {
    const [query, key, value] = [inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2)]
    const toHeads = (x: Value): Value => transpose(splitHeads(x, heads), [0, 2, 1, 3])
    const fromHeads = (x: Value, like: Value): Value => reshape(transpose(x, [0, 2, 1, 3]), like.shape, like)
    const weights = attentionWeights(query, key, heads, scale)
    const attended = toHeads(upstream)
    const byWeights = multiply(matMul(attended, transpose(splitHeads(value, heads), [0, 2, 3, 1])), weights)
    const byScores = multiply(subtract(byWeights, multiply(weights, sum(byWeights, -1, true))), scalar(scale))
    return [
      fromHeads(matMul(byScores, toHeads(key)), query),
      fromHeads(matMul(transpose(byScores, [0, 1, 3, 2]), toHeads(query)), key),
      fromHeads(matMul(transpose(weights, [0, 1, 3, 2]), attended), value),
    ]
  }),
}

/** softmax(scale · q kᵀ) v for each head; q `[batch, queries, dim]`, k and v `[batch, tokens, dim]`, heads contiguous in dim. */
export function multiHeadAttention(query: Value, key: Value, value: Value, heads: number, scale: number): Value {
  return applySingle(multiHeadAttentionRule, [query, key, value], { heads, scale })
}

/** x `[batch, tokens, dim]` as `[batch, tokens, heads, dim / heads]`. */
function splitHeads(x: Value, heads: number): Value {
  const [batch = 0, tokens = 0, dim = 0] = x.shape
  return reshape(x, [batch, tokens, heads, Number(dim) / heads], x)
}

/** softmax(scale · q kᵀ) of each head, `[batch, heads, queries, tokens]`; q `[batch, queries, dim]`, k `[batch, tokens, dim]`. */
export function attentionWeights(query: Value, key: Value, heads: number, scale: number): Value {
  const left = transpose(splitHeads(query, heads), [0, 2, 1, 3])
  const right = transpose(splitHeads(key, heads), [0, 2, 3, 1])
  return softmax(matMul(multiply(left, scalar(scale)), right))
}

/** What {@link multiHeadAttention} computes, from plain ops, with the N×N matrices in memory. */
export function composedAttention(query: Value, key: Value, value: Value, heads: number, scale: number): Value {
  const attended = matMul(attentionWeights(query, key, heads, scale), transpose(splitHeads(value, heads), [0, 2, 1, 3]))
  return reshape(transpose(attended, [0, 2, 1, 3]), query.shape, query)
}

/** Which of the two a graph is built with: not every provider's fused kernel gives the right numbers. */
export type AttentionForm = 'fused' | 'composed'

/** Attention in the form asked for. */
export function attention(form: AttentionForm, query: Value, key: Value, value: Value, heads: number, scale: number): Value {
  return (form === 'fused' ? multiHeadAttention : composedAttention)(query, key, value, heads, scale)
}
