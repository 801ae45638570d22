/** @file Softmax and layer normalisation over the last axis. */
import type { Value } from '../graph'
import { add, exp, multiply, subtract } from './elementwise'
import { mean, sum } from './reduction'
import { applyRule, applySingle, float, formatType, gradientOf, graphError, inputAt, int, operand, type OpRule } from './rule'

export const softmaxRule: OpRule = {
  name: 'softmax',
  infer: (inputs) => [operand('softmax', inputs, 0)],
  emit: () => ({ opType: 'Softmax', attributes: { axis: int(-1) } }),
  gradient: gradientOf((upstream, _inputs, y) => {
    const weighted = multiply(upstream, y)
    return [subtract(weighted, multiply(y, sum(weighted, -1, true)))]
  }),
}

export const logSoftmaxRule: OpRule = {
  name: 'logSoftmax',
  infer: (inputs) => [operand('logSoftmax', inputs, 0)],
  emit: () => ({ opType: 'LogSoftmax', attributes: { axis: int(-1) } }),
  gradient: gradientOf((upstream, _inputs, y) => [subtract(upstream, multiply(exp(y), sum(upstream, -1, true)))]),
}

/** (x - mean) / √(var + ε), from the statistics that the op itself gives. */
function normalizedRows(x: Value, outputs: readonly Value[]): Value {
  return multiply(subtract(x, inputAt(outputs, 1)), inputAt(outputs, 2))
}

/** Inputs: x, weight, bias. Outputs: the result and, for the gradient, mean and 1 / √(var + ε) of each row. */
export const layerNormRule: OpRule<{ readonly epsilon: number }> = {
  name: 'layerNorm',
  infer: (inputs) => {
    const x = operand('layerNorm', inputs, 0)
    for (const index of [1, 2]) {
      const affine = operand('layerNorm', inputs, index)
      if (affine.shape.length !== 1 || affine.shape[0] !== x.shape.at(-1))
        throw graphError('layerNorm', `${formatType(affine)} does not fit the last axis of ${formatType(x)}`)
    }
    const statistic = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] }
    return [x, statistic, statistic]
  },
  emit: ({ epsilon }) => ({ opType: 'LayerNormalization', attributes: { axis: int(-1), epsilon: float(epsilon) } }),
  gradient: ({ inputs, outputs, upstream: [upstream, ...others] }) => {
    if (upstream === undefined || others.some((other) => other !== undefined)) throw graphError('layerNorm', 'its row statistics are not to be differentiated')
    const [x, weight] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    const normalized = normalizedRows(x, outputs)
    const weighted = multiply(upstream, weight)
    const centred = subtract(weighted, mean(weighted, -1, true))
    const along = multiply(normalized, mean(multiply(weighted, normalized), -1, true))
    return [multiply(subtract(centred, along), inputAt(outputs, 2)), multiply(upstream, normalized), upstream]
  },
  // What the gradient computes anyway, and two operations more.
  again: (inputs, outputs) => add(multiply(normalizedRows(inputAt(inputs, 0), outputs), inputAt(inputs, 1)), inputAt(inputs, 2)),
}

/** exp(x) / Σ exp(x) over the last axis. */
export function softmax(x: Value): Value {
  return applySingle(softmaxRule, [x], undefined)
}

/** log softmax(x) over the last axis. */
export function logSoftmax(x: Value): Value {
  return applySingle(logSoftmaxRule, [x], undefined)
}

/** (x - mean) / √(var + ε) · weight + bias over the last axis. */
export function layerNorm(x: Value, weight: Value, bias: Value, epsilon: number): Value {
  return inputAt(applyRule(layerNormRule, [x, weight, bias], { epsilon }), 0)
}
