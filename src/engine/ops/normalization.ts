/** @file Softmax and layer normalisation over the last axis. */
import type { Value } from '../graph'
import { applySingle, float, formatType, graphError, int, operand, type OpRule } from './rule'

export const softmaxRule: OpRule = {
  name: 'softmax',
  infer: (inputs) => [operand('softmax', inputs, 0)],
  emit: () => ({ opType: 'Softmax', attributes: { axis: int(-1) } }),
}

/** Inputs: x, weight, bias. */
export const layerNormRule: OpRule<{ readonly epsilon: number }> = {
  name: 'layerNorm',
  infer: (inputs) => {
    const x = operand('layerNorm', inputs, 0)
    for (const index of [1, 2]) {
      const affine = operand('layerNorm', inputs, index)
      if (affine.shape.length !== 1 || affine.shape[0] !== x.shape.at(-1))
        throw graphError('layerNorm', `${formatType(affine)} does not fit the last axis of ${formatType(x)}`)
    }
    return [x]
  },
  emit: ({ epsilon }) => ({ opType: 'LayerNormalization', attributes: { axis: int(-1), epsilon: float(epsilon) } }),
}

/** exp(x) / Σ exp(x) over the last axis. */
export function softmax(x: Value): Value {
  return applySingle(softmaxRule, [x], undefined)
}

/** (x - mean) / √(var + ε) · weight + bias over the last axis. */
export function layerNorm(x: Value, weight: Value, bias: Value, epsilon: number): Value {
  return applySingle(layerNormRule, [x, weight, bias], { epsilon })
}
