/** @file Matrix products. */
import { broadcastShapes, type Value } from '../graph'
import { applySingle, formatType, graphError, int, operand, type OpRule } from './rule'

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
}

export const linearRule: OpRule = {
  name: 'linear',
  infer: (inputs) => {
    const x = operand('linear', inputs, 0)
    const weight = operand('linear', inputs, 1)
    const bias = operand('linear', inputs, 2)
    if (x.shape.length !== 2 || weight.shape.length !== 2) throw graphError('linear', `${formatType(x)} and ${formatType(weight)} must have two axes`)
    const [rows = 0, columns] = x.shape
    const [outputs = 0, inner] = weight.shape
    if (columns !== inner) throw graphError('linear', `x ${formatType(x)} does not fit weight ${formatType(weight)}`)
    if (bias.shape.length !== 1 || bias.shape[0] !== outputs) throw graphError('linear', `bias ${formatType(bias)} does not fit weight ${formatType(weight)}`)
    return [{ dtype: x.dtype, shape: [rows, outputs] }]
  },
  emit: () => ({ opType: 'Gemm', attributes: { transB: int(1) } }),
}

/** left · right over the last two axes, broadcasting the others. */
export function matMul(left: Value, right: Value): Value {
  return applySingle(matMulRule, [left, right], undefined)
}

/** x · weightᵀ + bias: x `[rows, in]`, weight `[out, in]` as checkpoints store it, bias `[out]`. */
export function linear(x: Value, weight: Value, bias: Value): Value {
  return applySingle(linearRule, [x, weight, bias], undefined)
}
