/** @file The door of ops: the functions graphs are written with, and the table behind them. */
export { attention, attentionWeights, composedAttention, multiHeadAttention, type AttentionForm } from './attention'
export { add, cast, divide, gelu, multiply, sigmoid, silu, subtract, where } from './elementwise'
export { linear, matMul } from './linalg'
export { concat, expand, flattenRows, gather, reshape, slice, sliceToEnd, split, transpose } from './movement'
export { layerNorm, softmax } from './normalization'
export { mean } from './reduction'
export { opRules, type OpName } from './registry'
