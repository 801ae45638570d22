/** @file The door of ops: the functions graphs are written with, and the table behind them. */
export { attention, attentionWeights, composedAttention, multiHeadAttention, type AttentionForm } from './attention'
export { add, cast, divide, erf, exp, gelu, log, multiply, negate, sigmoid, silu, sqrt, subtract, where } from './elementwise'
export { gemm, linear, matMul } from './linalg'
export { concat, expand, flattenRows, gather, pad, reshape, scatterAdd, slice, sliceToEnd, split, transpose, zerosLike } from './movement'
export { layerNorm, logSoftmax, softmax } from './normalization'
export { argMax, mean, sum, sumAll, sumSquares } from './reduction'
export { opRules, type OpName } from './registry'
export type { GradientContext, GradientRule, NotDifferentiable, OpRule } from './rule'
