/** @file Dense heads as functions from tokens to maps. */
export { resizeMaps } from './bilinear'
export { classLogits, foldBatchNorm } from './class-head'
export { dptDepth } from './dpt'
export { type DenseHeadConfig, type LayerTokens } from './head-config'
export { binCentres, linearDepth } from './linear-depth'
