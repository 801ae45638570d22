/** @file The op table: every rule under its name. */
import { multiHeadAttentionRule } from './attention'
import { addRule, castRule, divideRule, geluRule, multiplyRule, sigmoidRule, subtractRule, whereRule } from './elementwise'
import { linearRule, matMulRule } from './linalg'
import { concatRule, expandRule, gatherRule, reshapeRule, sizeOfRule, sliceRule, splitRule, transposeRule } from './movement'
import { layerNormRule, softmaxRule } from './normalization'
import { meanRule } from './reduction'

/** Every op the product can put into a graph. A test fails for a row without cases. */
export const opRules = {
  add: addRule,
  cast: castRule,
  concat: concatRule,
  divide: divideRule,
  expand: expandRule,
  gather: gatherRule,
  gelu: geluRule,
  layerNorm: layerNormRule,
  linear: linearRule,
  matMul: matMulRule,
  mean: meanRule,
  multiHeadAttention: multiHeadAttentionRule,
  multiply: multiplyRule,
  reshape: reshapeRule,
  sigmoid: sigmoidRule,
  sizeOf: sizeOfRule,
  slice: sliceRule,
  softmax: softmaxRule,
  split: splitRule,
  subtract: subtractRule,
  transpose: transposeRule,
  where: whereRule,
} as const

export type OpName = keyof typeof opRules
