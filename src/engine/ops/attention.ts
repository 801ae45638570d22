/** @file Attention as ONNX Runtime's one fused kernel: no N×N matrix leaves it. */
import type { Value } from '../graph'
import { applySingle, float, formatType, graphError, int, operand, type OpRule } from './rule'

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
}

/** softmax(scale · q kᵀ) v for each head; q `[batch, queries, dim]`, k and v `[batch, tokens, dim]`, heads contiguous in dim. */
export function multiHeadAttention(query: Value, key: Value, value: Value, heads: number, scale: number): Value {
  return applySingle(multiHeadAttentionRule, [query, key, value], { heads, scale })
}
