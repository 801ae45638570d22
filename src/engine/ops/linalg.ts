/** @file Matrix products. */
import { broadcastShapes, type Value } from '../graph'
import { transpose } from './movement'
import { applySingle, formatType, gradientOf, graphError, inputAt, int, operand, type OpRule } from './rule'

export const matMulRule: OpRule = {
  name: 'matMul',
  infer: (inputs) => {
    const left = operand('matMul', inputs, 0)
    const right = operand('matMul', inputs, 1)
    if (left.shape.length < 2 || right.shape.length < 2) throw graphError('matMul', `${formatType(left)} and ${formatType(right)} must have two axes or more`)
    const [rows = 0, inner] = left.shape.slice(-2)
    const [innerRight, columns = 0] = right.shape.slice(-2)
    if (inner !== innerRight) throw graphError('matMul', `inner sizes ${String(inner)} and ${String(innerRight)} of ${formatType(left)} and ${formatType(right)} differ`)
    return [{ dtype: left.dtype, shape: [...broadcastShapes('matMul', left.shape.slice(0, -2), right.shape.slice(0, -2)), rows, columns] }]
  },
  emit: () => ({ opType: 'MatMul' }),
  gradient: gradientOf((upstream, inputs) => [matMul(upstream, swapLast(inputAt(inputs, 1))), matMul(swapLast(inputAt(inputs, 0)), upstream)]),
}

interface GemmParameters {
  readonly transposeLeft: boolean
  readonly transposeRight: boolean
}

/** Inputs: left, right and, optionally, a bias `[columns]`. */
export const gemmRule: OpRule<GemmParameters> = {
  name: 'gemm',
  infer: (inputs, { transposeLeft, transposeRight }) => {
    const left = operand('gemm', inputs, 0)
    const right = operand('gemm', inputs, 1)
    const bias = inputs[2]
    if (left.shape.length !== 2 || right.shape.length !== 2) throw graphError('gemm', `${formatType(left)} and ${formatType(right)} must have two axes`)
    const [rows = 0, inner] = transposeLeft ? [...left.shape].reverse() : left.shape
    const [innerRight, columns = 0] = transposeRight ? [...right.shape].reverse() : right.shape
    if (inner !== innerRight) throw graphError('gemm', `x ${formatType(left)} does not fit weight ${formatType(right)}`)
    if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== columns)) throw graphError('gemm', `bias ${formatType(bias)} does not fit weight ${formatType(right)}`)
    return [{ dtype: left.dtype, shape: [rows, columns] }]
  },
  emit: ({ transposeLeft, transposeRight }) => ({ opType: 'Gemm', attributes: { transA: int(transposeLeft ? 1 : 0), transB: int(transposeRight ? 1 : 0) } }),
  gradient: gradientOf((upstream, inputs, _output, { transposeLeft, transposeRight }) => {
    const left = inputAt(inputs, 0)
    const right = inputAt(inputs, 1)
    return [
      transposeLeft ? gemm(right, upstream, transposeRight, true) : gemm(upstream, right, false, !transposeRight),
      transposeRight ? gemm(upstream, left, true, transposeLeft) : gemm(left, upstream, !transposeLeft, false),
      ...(inputs.length > 2 ? [upstream] : []),
    ]
  }),
}

/** The last two axes exchanged. */
export function swapLast(x: Value): Value {
  const last = x.shape.length - 1
  return transpose(x, x.shape.map((_, axis) => (axis === last ? last - 1 : axis === last - 1 ? last : axis)))
}

/** left · right over the last two axes, broadcasting the others. */
export function matMul(left: Value, right: Value): Value {
  return applySingle(matMulRule, [left, right], undefined)
}

/** The product of two matrices, either of them transposed. */
export function gemm(left: Value, right: Value, transposeLeft: boolean, transposeRight: boolean): Value {
  return applySingle(gemmRule, [left, right], { transposeLeft, transposeRight })
}

/** x · weightᵀ + bias: x `[rows, in]`, weight `[out, in]` as checkpoints store it, bias `[out]`. */
export function linear(x: Value, weight: Value, bias: Value): Value {
  return applySingle(gemmRule, [x, weight, bias], { transposeLeft: false, transposeRight: true })
}
