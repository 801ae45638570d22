/** @file Operations on each element by itself, with NumPy broadcasting. */
import { broadcastShapes, type Value } from '../graph'
import { dtypes, type DType } from '../tensor'
import { applySingle, formatType, graphError, int, operand, type OpRule } from './rule'

function binaryRule(name: string, opType: string): OpRule {
  return {
    name,
    infer: (inputs) => {
      const left = operand(name, inputs, 0)
      const right = operand(name, inputs, 1)
      if (left.dtype !== right.dtype) throw graphError(name, `${formatType(left)} and ${formatType(right)} have different element types`)
      return [{ dtype: left.dtype, shape: broadcastShapes(name, left.shape, right.shape) }]
    },
    emit: () => ({ opType }),
  }
}

function unaryRule(name: string, opType: string): OpRule {
  return { name, infer: (inputs) => [operand(name, inputs, 0)], emit: () => ({ opType }) }
}

export const addRule = binaryRule('add', 'Add')
export const subtractRule = binaryRule('subtract', 'Sub')
export const multiplyRule = binaryRule('multiply', 'Mul')
export const divideRule = binaryRule('divide', 'Div')
export const sigmoidRule = unaryRule('sigmoid', 'Sigmoid')
export const geluRule = unaryRule('gelu', 'Gelu')

export const whereRule: OpRule = {
  name: 'where',
  infer: (inputs) => {
    const condition = operand('where', inputs, 0)
    const yes = operand('where', inputs, 1)
    const no = operand('where', inputs, 2)
    if (condition.dtype !== 'bool') throw graphError('where', `the condition is ${formatType(condition)}, not bool`)
    if (yes.dtype !== no.dtype) throw graphError('where', `${formatType(yes)} and ${formatType(no)} have different element types`)
    return [{ dtype: yes.dtype, shape: broadcastShapes('where', condition.shape, broadcastShapes('where', yes.shape, no.shape)) }]
  },
  emit: () => ({ opType: 'Where' }),
}

export const castRule: OpRule<{ readonly to: DType }> = {
  name: 'cast',
  infer: (inputs, { to }) => [{ dtype: to, shape: operand('cast', inputs, 0).shape }],
  emit: ({ to }) => ({ opType: 'Cast', attributes: { to: int(dtypes[to].onnx) } }),
}

/** left + right. */
export function add(left: Value, right: Value): Value {
  return applySingle(addRule, [left, right], undefined)
}

/** left - right. */
export function subtract(left: Value, right: Value): Value {
  return applySingle(subtractRule, [left, right], undefined)
}

/** left · right, elementwise. */
export function multiply(left: Value, right: Value): Value {
  return applySingle(multiplyRule, [left, right], undefined)
}

/** left / right, elementwise. */
export function divide(left: Value, right: Value): Value {
  return applySingle(divideRule, [left, right], undefined)
}

/** 1 / (1 + exp(-x)). */
export function sigmoid(x: Value): Value {
  return applySingle(sigmoidRule, [x], undefined)
}

/** x · Φ(x) with the exact error function, never the tanh approximation. */
export function gelu(x: Value): Value {
  return applySingle(geluRule, [x], undefined)
}

/** x · sigmoid(x). */
export function silu(x: Value): Value {
  return multiply(x, sigmoid(x))
}

/** `yes` where the bool `condition` holds, else `no`. */
export function where(condition: Value, yes: Value, no: Value): Value {
  return applySingle(whereRule, [condition, yes, no], undefined)
}

/** The same numbers in another element type. */
export function cast(x: Value, to: DType): Value {
  return x.dtype === to ? x : applySingle(castRule, [x], { to })
}
