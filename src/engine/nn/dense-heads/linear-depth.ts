/** @file The linear depth head of DINOv2: classes of depth for each patch, whose mean is the depth. */
import { constant, scalar, type Value } from '../../graph'
import { add, clip, concat, divide, expand, linear, multiply, reshape, sum, transpose } from '../../ops'
import type { Parameters } from '../parameters'
import { resizeMaps } from './bilinear'
import type { DenseHeadConfig, LayerTokens } from './head-config'

/** Source: dinov2/hub/depth/decode_heads.py:149-171. */
export const depthBins = 256
/** Maps are enlarged before classes become depths. Source: BNHead upsample=4. */
const enlarged = 4
const leastWeight = 0.1
const largest = 3.4028234663852886e38

/** min … max in equal steps, both included. */
export function binCentres(min: number, max: number): Float32Array {
  return Float32Array.from({ length: depthBins }, (_, bin) => min + (bin * (max - min)) / (depthBins - 1))
}

/** `[patches, channels]` as maps `[1, channels, height, width]`. */
export function asMaps(rows: Value, height: number, width: number): Value {
  const channels = Number(rows.shape[1] ?? 0)
  return reshape(transpose(rows, [1, 0]), [1, channels, height, width])
}

/**
 * Depth in metres, `[1, 1, 4·height, 4·width]`. Resizing and the 1 × 1 convolution commute, so that the classes are computed
 * before they are enlarged.
 * Source: dinov2/hub/depth/decode_heads.py BNHead (no batch norm despite its name).
 */
export function linearDepth({ minDepth, maxDepth }: DenseHeadConfig, parameters: Parameters, layers: readonly LayerTokens<Value>[], height: number, width: number): Value {
  const tokens = layers.flatMap(({ patches, cls }) => [patches, expand(cls, [Number(patches.shape[0]), Number(cls.shape[1])])])
  const weight = parameters('conv_depth.weight')
  const [out = 0, channels = 0] = weight.shape.map(Number)
  const logits = linear(concat(tokens, 1), reshape(weight, [out, channels]), parameters('conv_depth.bias'))
  const maps = resizeMaps(asMaps(logits, height, width), enlarged * height, enlarged * width, false)
  const weights = add(clip(maps, 0, largest), scalar(leastWeight))
  const centres = constant({ dtype: 'float32', shape: [1, depthBins, 1, 1], data: binCentres(minDepth, maxDepth) })
  return divide(sum(multiply(weights, centres), 1, true), sum(weights, 1, true))
}
