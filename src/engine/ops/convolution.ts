/** @file Convolution of pictures: what dense heads refine their maps with. */
import { applySingle, formatType, graphError, ints, notDifferentiable, operand, type OpRule } from './rule'
import type { Value } from '../graph'

interface Conv2dParameters {
  readonly stride: number
  readonly padding: number
}

/** Inputs: x `[batch, in, height, width]`, weight `[out, in, k, k]` and, optionally, a bias `[out]`. Sizes are known. */
export const conv2dRule: OpRule<Conv2dParameters> = {
  name: 'conv2d',
  infer: (inputs, { stride, padding }) => {
    const x = operand('conv2d', inputs, 0)
    const weight = operand('conv2d', inputs, 1)
    const bias = inputs[2]
    const [batch = 0, channels, height, width] = x.shape
    const [out = 0, channelsIn, kernel, kernelAcross] = weight.shape
    if (x.shape.length !== 4 || weight.shape.length !== 4 || typeof height !== 'number' || typeof width !== 'number' || typeof kernel !== 'number' || kernel !== kernelAcross)
      throw graphError('conv2d', `x ${formatType(x)} and weight ${formatType(weight)} must have four axes of known size, the kernel square`)
    if (channels !== channelsIn) throw graphError('conv2d', `x ${formatType(x)} does not fit weight ${formatType(weight)}`)
    if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== out)) throw graphError('conv2d', `bias ${formatType(bias)} does not fit weight ${formatType(weight)}`)
    const size = (edge: number): number => Math.floor((edge + 2 * padding - kernel) / stride) + 1
    return [{ dtype: x.dtype, shape: [batch, out, size(height), size(width)] }]
  },
  emit: ({ stride, padding }) => ({ opType: 'Conv', attributes: { strides: ints([stride, stride]), pads: ints([padding, padding, padding, padding]) } }),
  gradient: notDifferentiable('no head with convolutions is trained here'),
}

/** x `[batch, in, height, width]` with weight `[out, in, k, k]` and bias `[out]`, zeros around it. */
export function conv2d(x: Value, weight: Value, bias: Value | undefined, { stride = 1, padding = 0 }: Partial<Conv2dParameters> = {}): Value {
  return applySingle(conv2dRule, bias === undefined ? [x, weight] : [x, weight, bias], { stride, padding })
}
