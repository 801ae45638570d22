/** @file The segmentation heads of DINOv2: batch norm and a 1 × 1 convolution, which are one linear map here. */
import { type Value } from '../../graph'
import { concat, linear } from '../../ops'
import type { Parameters } from '../parameters'
import { asMaps } from './linear-depth'
import type { LayerTokens } from './head-config'

/** Source: BatchNorm2d's default, which the official head keeps. */
const epsilon = 1e-5

/**
 * Batch norm taken into the convolution behind it: W' = W·γ/√(σ² + ε), b' = b + W·(β − μ·γ/√(σ² + ε)).
 * @param weight float32 [classes, channels]
 */
export function foldBatchNorm(weight: Float32Array, bias: Float32Array, norm: { readonly weight: Float32Array; readonly bias: Float32Array; readonly mean: Float32Array; readonly variance: Float32Array }): { readonly weight: Float32Array; readonly bias: Float32Array } {
  const channels = norm.weight.length
  const scale = Float64Array.from(norm.weight, (gamma, channel) => gamma / Math.sqrt(norm.variance[channel]! + epsilon))
  const folded = weight.map((value, index) => value * scale[index % channels]!)
  const shifted = bias.map((value, row) => {
    let sum = value
    for (let channel = 0; channel < channels; channel++) sum += weight[row * channels + channel]! * (norm.bias[channel]! - norm.mean[channel]! * scale[channel]!)
    return sum
  })
  return { weight: folded, bias: shifted }
}

/** Logits `[1, classes, height, width]` from the patch tokens of all layers side by side. Source: dinov2/eval/segmentation/models/decode_heads/linear_head.py. */
export function classLogits(parameters: Parameters, layers: readonly LayerTokens<Value>[], height: number, width: number): Value {
  return asMaps(linear(concat(layers.map(({ patches }) => patches), 1), parameters('weight'), parameters('bias')), height, width)
}
