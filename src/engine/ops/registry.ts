/** @file The op table: every rule under its name. */
import { multiHeadAttentionRule } from './attention'
import { conv2dRule } from './convolution'
import { addRule, castRule, divideRule, erfRule, expRule, geluRule, hardSigmoidRule, logRule, multiplyRule, negateRule, sigmoidRule, sqrtRule, subtractRule, whereRule } from './elementwise'
import { gemmRule, matMulRule } from './linalg'
import { concatRule, expandRule, gatherRule, padRule, reshapeRule, scatterAddRule, sizeOfRule, sliceRule, splitRule, transposeRule } from './movement'
import { layerNormRule, logSoftmaxRule, softmaxRule } from './normalization'
import { int8LinearRule } from './quantised'
import { argMaxRule, meanRule, sumRule, sumSquaresRule } from './reduction'
import { clipRule, rangeRule } from './shape-arithmetic'

/** Every op the product can put into a graph. A test fails for a row without cases. */
export const opRules = {
  add: addRule,
  argMax: argMaxRule,
  cast: castRule,
  clip: clipRule,
  concat: concatRule,
  conv2d: conv2dRule,
  divide: divideRule,
  erf: erfRule,
  exp: expRule,
  expand: expandRule,
  gather: gatherRule,
  gelu: geluRule,
  gemm: gemmRule,
  hardSigmoid: hardSigmoidRule,
  int8Linear: int8LinearRule,
  layerNorm: layerNormRule,
  log: logRule,
  logSoftmax: logSoftmaxRule,
  matMul: matMulRule,
  mean: meanRule,
  multiHeadAttention: multiHeadAttentionRule,
  multiply: multiplyRule,
  negate: negateRule,
  pad: padRule,
  range: rangeRule,
  reshape: reshapeRule,
  scatterAdd: scatterAddRule,
  sigmoid: sigmoidRule,
  sizeOf: sizeOfRule,
  slice: sliceRule,
  softmax: softmaxRule,
  split: splitRule,
  sqrt: sqrtRule,
  subtract: subtractRule,
  sum: sumRule,
  sumSquares: sumSquaresRule,
  transpose: transposeRule,
  where: whereRule,
} as const

export type OpName = keyof typeof opRules
