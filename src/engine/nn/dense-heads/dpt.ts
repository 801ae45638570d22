/** @file The dense prediction transformer's head as DINOv2 uses it for depth. */
import { scalar, type Value } from '../../graph'
import { add, clip, concat, conv2d, expand, gelu, linear, matMul, reshape, transpose } from '../../ops'
import type { Parameters } from '../parameters'
import { resizeMaps } from './bilinear'
import type { DenseHeadConfig, LayerTokens } from './head-config'
import { asMaps } from './linear-depth'

const largest = 3.4028234663852886e38
const relu = (x: Value): Value => clip(x, 0, largest)

/** How many cells each of the four maps makes of one patch. */
const enlargements = [4, 2] as const

/** A convolution of 1 × 1 over rows. */
function project(rows: Value, weight: Value, bias: Value): Value {
  const [out = 0, channels = 0] = weight.shape.map(Number)
  return linear(rows, reshape(weight, [out, channels]), bias)
}

/** ConvTranspose2d whose kernel is its stride: every cell becomes k × k of its own. weight `[in, out, k, k]` */
function enlarge(rows: Value, weight: Value, bias: Value, height: number, width: number): Value {
  const [channels = 0, out = 0, kernel = 0] = weight.shape.map(Number)
  const cells = matMul(rows, reshape(weight, [channels, out * kernel * kernel]))
  const placed = transpose(reshape(cells, [height, width, out, kernel, kernel]), [2, 0, 3, 1, 4])
  return add(reshape(placed, [1, out, height * kernel, width * kernel]), reshape(bias, [1, out, 1, 1]))
}

/** Source: dinov2/hub/depth/decode_heads.py:572-588, 690-747: tokens with their CLS, projected, at four sizes. */
function reassemble(parameters: Parameters, index: number, { patches, cls }: LayerTokens<Value>, height: number, width: number): Value {
  const name = (part: string): Value => parameters(`reassemble_blocks.${part}`)
  const readout = concat([patches, expand(cls, [Number(patches.shape[0]), Number(cls.shape[1])])], 1)
  const tokens = gelu(linear(readout, name(`readout_projects.${index}.0.weight`), name(`readout_projects.${index}.0.bias`)))
  const rows = project(tokens, name(`projects.${index}.conv.weight`), name(`projects.${index}.conv.bias`))
  if (index < enlargements.length) return enlarge(rows, name(`resize_layers.${index}.weight`), name(`resize_layers.${index}.bias`), height, width)
  const maps = asMaps(rows, height, width)
  return index === 2 ? maps : conv2d(maps, name('resize_layers.3.weight'), name('resize_layers.3.bias'), { stride: 2, padding: 1 })
}

/** y = x + conv(relu(conv(relu(x)))). Source: the same file, 638. */
function residualUnit(parameters: Parameters, prefix: string, x: Value): Value {
  const inner = conv2d(relu(x), parameters(`${prefix}.conv1.conv.weight`), undefined, { padding: 1 })
  return add(x, conv2d(relu(inner), parameters(`${prefix}.conv2.conv.weight`), undefined, { padding: 1 }))
}

function conv1x1(parameters: Parameters, prefix: string, x: Value): Value {
  return conv2d(x, parameters(`${prefix}.weight`), parameters(`${prefix}.bias`))
}

/** Source: the same file, 676-687. */
function fuse(parameters: Parameters, index: number, x: Value, other: Value | undefined): Value {
  const prefix = `fusion_blocks.${index}`
  const [, , height = 0, width = 0] = x.shape.map(Number)
  const joined = other === undefined ? x : add(x, residualUnit(parameters, `${prefix}.res_conv_unit1`, resizeMaps(other, height, width, false)))
  const enlarged = resizeMaps(residualUnit(parameters, `${prefix}.res_conv_unit2`, joined), 2 * height, 2 * width, true)
  return conv1x1(parameters, `${prefix}.project.conv`, enlarged)
}

/**
 * Depth in metres, `[1, 1, 32·⌈height/2⌉, 32·⌈width/2⌉]`.
 * Source: dinov2/hub/depth/decode_heads.py DPTHead; DPT (arXiv 2103.13413).
 */
export function dptDepth({ minDepth }: DenseHeadConfig, parameters: Parameters, layers: readonly LayerTokens<Value>[], height: number, width: number): Value {
  const maps = layers.map((tokens, index) => conv2d(reassemble(parameters, index, tokens, height, width), parameters(`convs.${index}.conv.weight`), undefined, { padding: 1 }))
  const [shallowest, second, third, deepest] = maps as [Value, Value, Value, Value]
  let x = fuse(parameters, 0, deepest, undefined)
  for (const [index, other] of [third, second, shallowest].entries()) x = fuse(parameters, index + 1, x, other)
  x = relu(conv2d(x, parameters('project.conv.weight'), parameters('project.conv.bias'), { padding: 1 }))
  const head = (layer: number): readonly [Value, Value] => [parameters(`conv_depth.head.${layer}.weight`), parameters(`conv_depth.head.${layer}.bias`)]
  x = conv2d(x, ...head(0), { padding: 1 })
  const [, , rows = 0, columns = 0] = x.shape.map(Number)
  x = resizeMaps(x, 2 * rows, 2 * columns, true)
  x = relu(conv2d(x, ...head(2), { padding: 1 }))
  return add(relu(conv2d(x, ...head(4))), scalar(minDepth))
}
