/** @file Operations that reduce an axis: sums, means, squares, the place of the largest. */
import { integers, normalizeAxis, scalar, type Value } from '../graph'
import { divide, multiply } from './elementwise'
import { expand, reshape } from './movement'
import { applySingle, gradientOf, inputAt, int, notDifferentiable, operand, type GradientRule, type OpRule } from './rule'

interface ReduceParameters {
  readonly axis: number
  readonly keepDims: boolean
}

function reduceRule(name: string, opType: string, gradient: GradientRule<ReduceParameters>): OpRule<ReduceParameters> {
  return {
    name,
    // Inputs: data, int64 axes.
    infer: (inputs, { axis, keepDims }) => {
      const x = operand(name, inputs, 0)
      const along = normalizeAxis(name, axis, x.shape)
      const shape = keepDims ? x.shape.map((dim, index) => (index === along ? 1 : dim)) : x.shape.filter((_, index) => index !== along)
      return [{ dtype: x.dtype, shape }]
    },
    emit: ({ keepDims }) => ({ opType, attributes: { keepdims: int(keepDims ? 1 : 0) } }),
    gradient,
  }
}

/** `reduced`, an axis of `x` having been reduced away, with that axis back at size 1. */
function withAxis(reduced: Value, x: Value, { axis, keepDims }: ReduceParameters): Value {
  if (keepDims) return reduced
  const along = normalizeAxis('reduction', axis, x.shape)
  return reshape(reduced, x.shape.map((dim, index) => (index === along ? 1 : dim)), x)
}

export const sumRule = reduceRule(
  'sum',
  'ReduceSum',
  gradientOf((upstream, inputs, _output, parameters) => {
    const x = inputAt(inputs, 0)
    return [expand(withAxis(upstream, x, parameters), x.shape, x), undefined]
  }),
)

export const meanRule = reduceRule(
  'mean',
  'ReduceMean',
  gradientOf((upstream, inputs, _output, parameters) => {
    const x = inputAt(inputs, 0)
    const size = x.shape[normalizeAxis('mean', parameters.axis, x.shape)]
    const summed = withAxis(upstream, x, parameters)
    // A size known only at run time is the ratio of the sum of ones to their mean; no graph here needs it.
    if (typeof size !== 'number') throw new RangeError('the gradient of a mean over a run-time size is not built')
    return [expand(divide(summed, scalar(size)), x.shape, x), undefined]
  }),
)

/** Σ x², without a copy of the squares. */
export const sumSquaresRule = reduceRule(
  'sumSquares',
  'ReduceSumSquare',
  gradientOf((upstream, inputs, _output, parameters) => {
    const x = inputAt(inputs, 0)
    return [multiply(x, multiply(withAxis(upstream, x, parameters), scalar(2))), undefined]
  }),
)

export const argMaxRule: OpRule<{ readonly axis: number }> = {
  name: 'argMax',
  infer: (inputs, { axis }) => {
    const x = operand('argMax', inputs, 0)
    const along = normalizeAxis('argMax', axis, x.shape)
    return [{ dtype: 'int64', shape: x.shape.filter((_, index) => index !== along) }]
  },
  emit: ({ axis }) => ({ opType: 'ArgMax', attributes: { axis: int(axis), keepdims: int(0) } }),
  gradient: notDifferentiable('the place of the largest element does not change by a little'),
}

/** The sum along an axis. */
export function sum(x: Value, axis: number, keepDims = false): Value {
  return applySingle(sumRule, [x, integers([axis])], { axis, keepDims })
}

/** The mean along an axis. */
export function mean(x: Value, axis: number, keepDims = false): Value {
  return applySingle(meanRule, [x, integers([axis])], { axis, keepDims })
}

/** Σ x² along an axis. */
export function sumSquares(x: Value, axis: number, keepDims = false): Value {
  return applySingle(sumSquaresRule, [x, integers([axis])], { axis, keepDims })
}

/** The sum of all elements, a scalar. */
export function sumAll(x: Value): Value {
  return sum(reshape(x, [-1], x), 0)
}

/** The int64 index of the first largest element along an axis. */
export function argMax(x: Value, axis: number): Value {
  return applySingle(argMaxRule, [x], { axis })
}
