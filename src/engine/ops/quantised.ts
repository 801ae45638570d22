/** @file Products of 8-bit integers. */
import { constant, type Value } from '../graph'
import { applySingle, formatType, graphError, notDifferentiable, operand, type OpRule } from './rule'

/** Inputs: x float32 `[rows, in]`, weight int8 `[in, out]`, scale float32 `[out]`, zero points int8 `[out]`, bias float32 `[out]`. */
export const int8LinearRule: OpRule = {
  name: 'int8Linear',
  infer: (inputs) => {
    const x = operand('int8Linear', inputs, 0)
    const weight = operand('int8Linear', inputs, 1)
    const [inner, columns = 0] = weight.shape
    if (x.dtype !== 'float32' || x.shape.length !== 2 || weight.dtype !== 'int8' || weight.shape.length !== 2) throw graphError('int8Linear', `x ${formatType(x)} and weight ${formatType(weight)} must be a matrix of float32 and one of int8`)
    if (x.shape[1] !== inner) throw graphError('int8Linear', `x ${formatType(x)} does not fit weight ${formatType(weight)}`)
    for (const index of [2, 3, 4]) {
      const row = operand('int8Linear', inputs, index)
      if (row.shape.length !== 1 || row.shape[0] !== columns) throw graphError('int8Linear', `${formatType(row)} does not fit the columns of weight ${formatType(weight)}`)
    }
    return [{ dtype: 'float32', shape: [x.shape[0] ?? 0, columns] }]
  },
  emit: () => ({ opType: 'DynamicQuantizeMatMul', domain: 'com.microsoft' }),
  gradient: notDifferentiable('rounding to integers has no slope'),
}

/**
 * x · weight · scale + bias with x `[rows, in]` quantised to unsigned bytes on the way: one scale and zero point for the whole of
 * x, by its smallest and largest value and 0. Weight int8 `[in, out]`, symmetric; scale and bias `[out]`.
 * Source: DynamicQuantizeLinear and MatMulInteger of ONNX, which ONNX Runtime's one kernel stands for.
 */
export function int8Linear(x: Value, weight: Value, scale: Value, bias: Value): Value {
  const columns = Number(weight.shape[1] ?? 0)
  return applySingle(int8LinearRule, [x, weight, scale, constant({ dtype: 'int8', shape: [columns], data: new Int8Array(columns) }), bias], undefined)
}
