/** @file Operations on each element by itself, with NumPy broadcasting. */
import { broadcastShapes, scalar, type Value } from '../graph'
import { dtypes, type DType } from '../tensor'
import { applySingle, float, formatType, gradientOf, graphError, inputAt, int, operand, type OpRule } from './rule'

type BinaryGradient = (upstream: Value, left: Value, right: Value, output: Value) => readonly [Value, Value]
type UnaryGradient = (upstream: Value, x: Value, output: Value) => Value

function binaryRule(name: string, opType: string, gradient: BinaryGradient): OpRule {
  return {
    name,
    infer: (inputs) => {
      const left = operand(name, inputs, 0)
      const right = operand(name, inputs, 1)
      if (left.dtype !== right.dtype) throw graphError(name, `${formatType(left)} and ${formatType(right)} have different element types`)
      return [{ dtype: left.dtype, shape: broadcastShapes(name, left.shape, right.shape) }]
    },
    emit: () => ({ opType }),
    gradient: gradientOf((upstream, inputs, output) => gradient(upstream, inputAt(inputs, 0), inputAt(inputs, 1), output)),
  }
}

function unaryRule(name: string, opType: string, gradient: UnaryGradient): OpRule {
  return {
    name,
    infer: (inputs) => [operand(name, inputs, 0)],
    emit: () => ({ opType }),
    gradient: gradientOf((upstream, inputs, output) => [gradient(upstream, inputAt(inputs, 0), output)]),
  }
}

export const addRule = binaryRule('add', 'Add', (upstream) => [upstream, upstream])

export const subtractRule = binaryRule('subtract', 'Sub', (upstream) => [upstream, negate(upstream)])
export const multiplyRule = binaryRule('multiply', 'Mul', (upstream, left, right) => [multiply(upstream, right), multiply(upstream, left)])
export const divideRule = binaryRule('divide', 'Div', (upstream, _left, right, output) => {
  const byLeft = divide(upstream, right)
  return [byLeft, negate(multiply(byLeft, output))]
})
export const negateRule = unaryRule('negate', 'Neg', (upstream) => negate(upstream))
export const expRule = unaryRule('exp', 'Exp', (upstream, _x, y) => multiply(upstream, y))
export const logRule = unaryRule('log', 'Log', (upstream, x) => divide(upstream, x))
export const sqrtRule = unaryRule('sqrt', 'Sqrt', (upstream, _x, y) => divide(multiply(upstream, scalar(0.5)), y))
export const erfRule = unaryRule('erf', 'Erf', (upstream, x) => multiply(upstream, multiply(scalar(2 / Math.sqrt(Math.PI)), exp(negate(multiply(x, x))))))
export const sigmoidRule = unaryRule('sigmoid', 'Sigmoid', (upstream, _x, y) => multiply(upstream, multiply(y, subtract(scalar(1), y))))
/** Flat where the result is 0 or 1. */
export const hardSigmoidRule: OpRule = {
  ...unaryRule('hardSigmoid', 'HardSigmoid', (upstream, _x, y) => where(cast(multiply(y, subtract(scalar(1), y)), 'bool'), multiply(upstream, scalar(0.5)), scalar(0))),
  emit: () => ({ opType: 'HardSigmoid', attributes: { alpha: float(0.5), beta: float(0.5) } }),
}

/** x / √2, of which the two functions of {@link geluRule} are made. */
function scaledDown(x: Value): Value {
  return multiply(x, scalar(Math.SQRT1_2))
}

/** Φ(x), the distribution function of the standard normal: (1 + erf(x/√2)) / 2, in one pass since that lies within 0 and 1. */
function normalDistribution(x: Value): Value {
  return hardSigmoid(erf(scaledDown(x)))
}

/** φ(x), its density: exp(-x²/2) / √2π, the divisor being taken into the exponent. */
function normalDensity(x: Value): Value {
  const t = scaledDown(x)
  return exp(subtract(scalar(-0.5 * Math.log(2 * Math.PI)), multiply(t, t)))
}

/** d/dx x·Φ(x) = Φ(x) + x·φ(x). The output is the largest thing in a block, and x·Φ(x) is one product when Φ is there. */
export const geluRule: OpRule = {
  ...unaryRule('gelu', 'Gelu', (upstream, x) => multiply(upstream, add(normalDistribution(x), multiply(x, normalDensity(x))))),
  again: ([x]) => {
    if (x === undefined) throw graphError('gelu', 'input 0 is missing')
    return multiply(x, normalDistribution(x))
  },
}

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
  gradient: gradientOf((upstream, inputs) => {
    const condition = inputAt(inputs, 0)
    return [undefined, where(condition, upstream, scalar(0)), where(condition, scalar(0), upstream)]
  }),
}

const floats: readonly DType[] = ['float16', 'bfloat16', 'float32', 'float64']

export const castRule: OpRule<{ readonly to: DType }> = {
  name: 'cast',
  infer: (inputs, { to }) => [{ dtype: to, shape: operand('cast', inputs, 0).shape }],
  emit: ({ to }) => ({ opType: 'Cast', attributes: { to: int(dtypes[to].onnx) } }),
  // Whole numbers and truth values do not change by a little.
  gradient: gradientOf((upstream, inputs) => {
    const x = inputAt(inputs, 0)
    return [floats.includes(x.dtype) && floats.includes(upstream.dtype) ? cast(upstream, x.dtype) : undefined]
  }),
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

/** -x. */
export function negate(x: Value): Value {
  return applySingle(negateRule, [x], undefined)
}

/** e^x. */
export function exp(x: Value): Value {
  return applySingle(expRule, [x], undefined)
}

/** The natural logarithm. */
export function log(x: Value): Value {
  return applySingle(logRule, [x], undefined)
}

/** √x. */
export function sqrt(x: Value): Value {
  return applySingle(sqrtRule, [x], undefined)
}

/** The error function, 2/√π ∫₀ˣ exp(-t²) dt. */
export function erf(x: Value): Value {
  return applySingle(erfRule, [x], undefined)
}

/** min(1, max(0, x/2 + 1/2)): x taken from -1…1 to 0…1 in one pass. */
export function hardSigmoid(x: Value): Value {
  return applySingle(hardSigmoidRule, [x], undefined)
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
