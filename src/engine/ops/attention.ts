/** @file Attention: ONNX Runtime's one fused kernel, which keeps no N×N matrix, and the same composed of plain ops. */
import { scalar, type Value } from '../graph'
import { matMul, swapLast } from './linalg'
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
    const [queries, keys] = [byHead(query, heads), byHead(key, heads)]
    const weights = weightsByHead(queries, keys, scale)
    const attended = byHead(upstream, heads)
    const byWeights = multiply(matMul(attended, swapLast(byHead(value, heads))), weights)
    const byScores = multiply(subtract(byWeights, multiply(weights, sum(byWeights, -1, true))), scalar(scale))
    return [
      together(matMul(byScores, keys), query, heads),
      together(matMul(swapLast(byScores), queries), key, heads),
      together(matMul(swapLast(weights), attended), value, heads),
    ]
  }),
}

/** softmax(scale · q kᵀ) v for each head; q `[batch, queries, dim]`, k and v `[batch, tokens, dim]`, heads contiguous in dim. */
export function multiHeadAttention(query: Value, key: Value, value: Value, heads: number, scale: number): Value {
  return applySingle(multiHeadAttentionRule, [query, key, value], { heads, scale })
}

/**
 * x `[batch, tokens, dim]` as `[batch·heads, tokens, dim / heads]`, or `[batch, heads, tokens, dim / heads]` where the batch
 * is known only at run time. With batch and heads in one axis, ONNX Runtime takes an exchange of the other two into the
 * product that reads it; with four axes it would merge it with the one made here, which is many times slower.
 */
function byHead(x: Value, heads: number): Value {
  const [batch = 0, tokens = 0, dim = 0] = x.shape
  const size = Number(dim) / heads
  const apart = transpose(reshape(x, [batch, tokens, heads, size], x), [0, 2, 1, 3])
  return typeof batch === 'number' ? reshape(apart, [batch * heads, tokens, size], x) : apart
}

/** The inverse of {@link byHead}, for a result that has the shape of `like`. */
function together(x: Value, like: Value, heads: number): Value {
  const [batch = 0, tokens = 0, dim = 0] = like.shape
  return reshape(transpose(reshape(x, [batch, heads, tokens, Number(dim) / heads], like), [0, 2, 1, 3]), like.shape, like)
}

/** softmax(scale · q kᵀ) of what {@link byHead} gives. */
function weightsByHead(queries: Value, keys: Value, scale: number): Value {
  return softmax(matMul(multiply(queries, scalar(scale)), swapLast(keys)))
}

/** softmax(scale · q kᵀ) of each head, `[batch, heads, queries, tokens]`; q `[batch, queries, dim]`, k `[batch, tokens, dim]`. */
export function attentionWeights(query: Value, key: Value, heads: number, scale: number): Value {
  const weights = weightsByHead(byHead(query, heads), byHead(key, heads), scale)
  return weights.shape.length === 4 ? weights : reshape(weights, [query.shape[0] ?? 0, heads, query.shape[1] ?? 0, key.shape[1] ?? 0], weights)
}

/** What {@link multiHeadAttention} computes, from plain ops, with the N×N matrices in memory. */
export function composedAttention(query: Value, key: Value, value: Value, heads: number, scale: number): Value {
  const weights = weightsByHead(byHead(query, heads), byHead(key, heads), scale)
  return together(matMul(weights, byHead(value, heads)), query, heads)
}

/** Which of the two a graph is built with: not every provider's fused kernel gives the right numbers. */
export type AttentionForm = 'fused' | 'composed'

/** Attention in the form asked for. */
export function attention(form: AttentionForm, query: Value, key: Value, value: Value, heads: number, scale: number): Value {
  return (form === 'fused' ? multiHeadAttention : composedAttention)(query, key, value, heads, scale)
}
