/** @file Operations that sum or average axes away. */
import { integers, normalizeAxis, type Value } from '../graph'
import { applySingle, int, operand, type OpRule } from './rule'

interface ReduceParameters {
  readonly axis: number
  readonly keepDims: boolean
}

/** Inputs: data, int64 axes. */
export const meanRule: OpRule<ReduceParameters> = {
  name: 'mean',
  infer: (inputs, { axis, keepDims }) => {
    const x = operand('mean', inputs, 0)
    const along = normalizeAxis('mean', axis, x.shape)
    const shape = keepDims ? x.shape.map((dim, index) => (index === along ? 1 : dim)) : x.shape.filter((_, index) => index !== along)
    return [{ dtype: x.dtype, shape }]
  },
  emit: ({ keepDims }) => ({ opType: 'ReduceMean', attributes: { keepdims: int(keepDims ? 1 : 0) } }),
}

/** The mean along an axis. */
export function mean(x: Value, axis: number, keepDims = false): Value {
  return applySingle(meanRule, [x, integers([axis])], { axis, keepDims })
}
