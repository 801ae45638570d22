/** @file A linear probe as a graph that any ONNX runtime can run by itself: tokens as a model gives them in, class scores out. */
import type { PatchBasis } from '../../library'
import { buildModel, constant, input, scalar, type Value } from '../../graph'
import type { OnnxModel } from '../../onnx'
import { add, divide, matMul, sqrt, sumSquares } from '../../ops'

export interface LinearWeights {
  /** float32 [classes, dim]. */
  readonly weight: Float32Array
  /** float32 [classes]. */
  readonly bias: Float32Array
}

const unit = (x: Value): Value => divide(x, sqrt(add(sumSquares(x, 1, true), scalar(1e-24))))

/** Some columns of the weights, transposed: float32 [to − from, classes]. */
function columns(weight: Float32Array, classes: number, from: number, to: number): Value {
  const dim = weight.length / classes
  const data = new Float32Array((to - from) * classes)
  for (let label = 0; label < classes; label++) for (let column = from; column < to; column++) data[(column - from) * classes + label] = weight[label * dim + column]!
  return constant({ dtype: 'float32', shape: [to - from, classes], data })
}

const vectorOf = (data: Float32Array): Value => constant({ dtype: 'float32', shape: [data.length], data })

/** `cls` and `mean` [pictures, dim] in, `scores` [pictures, classes] out: each at unit length, so their cosine is the mean of both. */
export function pictureProbeGraph({ weight, bias }: LinearWeights, dim: number): OnnxModel {
  const classes = bias.length
  const [cls, mean] = [input('cls', 'float32', ['pictures', dim]), input('mean', 'float32', ['pictures', dim])]
  const both = add(matMul(unit(cls), columns(weight, classes, 0, dim)), matMul(unit(mean), columns(weight, classes, dim, 2 * dim)))
  return buildModel('pictureProbe', { scores: add(divide(both, scalar(Math.SQRT2)), vectorOf(bias)) }, () => new Uint8Array(0)).model
}

/** `cls` [pictures, dim] in, `scores` [pictures, classes] out. */
export function clsProbeGraph({ weight, bias }: LinearWeights, dim: number): OnnxModel {
  const scores = add(matMul(unit(input('cls', 'float32', ['pictures', dim])), columns(weight, bias.length, 0, dim)), vectorOf(bias))
  return buildModel('clsProbe', { scores }, () => new Uint8Array(0)).model
}

/** Length of what of the mean token lies across the axes. */
function acrossAxes({ dim, dims, mean, axes }: PatchBasis): number {
  let across = mean.reduce((sum, value) => sum + value ** 2, 0)
  for (let axis = 0; axis < dims; axis++) {
    let along = 0
    for (let column = 0; column < dim; column++) along += mean[column]! * axes[axis * dim + column]!
    across -= along ** 2
  }
  return Math.sqrt(Math.max(0, across))
}

/** `patch_tokens` [patches, dim] after the final norm in, `scores` [patches, classes] out: brought onto the axes of the compact tokens first. */
export function patchProbeGraph({ weight, bias }: LinearWeights, basis: PatchBasis): OnnxModel {
  const { dim, dims, axes } = basis
  const classes = bias.length
  const across = acrossAxes(basis)
  const tokens = input('patch_tokens', 'float32', ['patches', dim])
  const along = matMul(unit(tokens), columns(axes, dims, 0, dim))
  const lengths = sqrt(add(sumSquares(along, 1, true), scalar(across ** 2 + 1e-24)))
  const common = Float32Array.from({ length: classes }, (_, label) => across * weight[label * (dims + 1) + dims]!)
  const scores = add(matMul(along, columns(weight, classes, 0, dims)), vectorOf(common))
  return buildModel('patchProbe', { scores: add(divide(scores, lengths), vectorOf(bias)) }, () => new Uint8Array(0)).model
}
