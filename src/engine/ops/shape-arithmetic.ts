/** @file Arithmetic on sizes that are known only when a graph runs: how an exported model finds its own patch grid. */
import { integers, scalar, type Dim, type SymbolicShape, type Value } from '../graph'
import { cast, subtract, where } from './elementwise'
import { reshape, reshapeRule, sizeOfRule, sliceRule } from './movement'
import { applySingle, formatType, gradientOf, graphError, inputAt, notDifferentiable, operand, type OpRule } from './rule'

/** Inputs: int64 scalars start, limit, delta. `size` names how many that makes. */
export const rangeRule: OpRule<{ readonly size: Dim }> = {
  name: 'range',
  infer: (inputs, { size }) => {
    for (const index of [0, 1, 2]) {
      const bound = operand('range', inputs, index)
      if (bound.dtype !== 'int64' || bound.shape.length !== 0) throw graphError('range', `${formatType(bound)} is no int64 scalar`)
    }
    return [{ dtype: 'int64', shape: [size] }]
  },
  emit: () => ({ opType: 'Range' }),
  gradient: notDifferentiable('its elements are whole numbers'),
}

/** Inputs: data, scalars low and high. */
export const clipRule: OpRule = {
  name: 'clip',
  infer: (inputs) => {
    const x = operand('clip', inputs, 0)
    for (const index of [1, 2]) {
      const bound = operand('clip', inputs, index)
      if (bound.dtype !== x.dtype || bound.shape.length !== 0) throw graphError('clip', `the bound ${formatType(bound)} is no scalar like the elements of ${formatType(x)}`)
    }
    return [x]
  },
  emit: () => ({ opType: 'Clip' }),
  // What has been changed was outside the bounds, where the result does not move.
  gradient: gradientOf((upstream, inputs, output) => [where(cast(subtract(inputAt(inputs, 0), output), 'bool'), scalar(0), upstream), undefined, undefined]),
}

/** The size of one axis when the graph runs, int64 `[1]`. */
export function sizeOf(x: Value, axis: number): Value {
  return applySingle(sizeOfRule, [x], { axis })
}

/** 0, 1, … `count` - 1 as int64 `[size]`; `count` is int64 `[1]` and `size` its value or name. */
export function range(count: Value, size: Dim): Value {
  return applySingle(rangeRule, [reshape(integers([0]), []), reshape(count, []), reshape(integers([1]), [])], { size })
}

/** x with what lies outside `low` to `high` put on the nearer bound; float32. */
export function clip(x: Value, low: number, high: number): Value {
  return applySingle(clipRule, [x, scalar(low), scalar(high)], undefined)
}

/** The first `end` (int64 `[1]`) elements along an axis; `size` is the value or name of that number. */
export function sliceTo(x: Value, axis: number, end: Value, size: Dim): Value {
  return applySingle(sliceRule, [x, integers([0]), end, integers([axis])], { axis, start: 0, size })
}

/** The same elements under the shape that the int64 vector `target` gives when the graph runs; `shape` says the same by name. */
export function reshapeTo(x: Value, target: Value, shape: SymbolicShape): Value {
  return applySingle(reshapeRule, [x, target], { shape })
}
