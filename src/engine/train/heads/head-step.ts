/** @file One AdamW step of a linear head as a graph: tokens and targets in, loss and the head's next state out. */
import { gradients } from '../../autodiff'
import { buildModel, input, scalar, type BuiltModel } from '../../graph'
import { add, divide, linear, logSoftmax, mean, multiply, negate, reshape, subtract, sumAll } from '../../ops'
import { adamW, type AdamWRates } from '../../optim'

export const rates: AdamWRates = { beta1: 0.9, beta2: 0.999 }

/**
 * @param outputs 1 for depth (mean square error against `targets` [batch, 1]); else classes (cross-entropy against shares [batch, outputs])
 */
export function headStep(kind: 'depth' | 'classes', batch: number, dim: number, outputs: number): BuiltModel {
  const tokens = input('tokens', 'float32', [batch, dim])
  const targets = input('targets', 'float32', [batch, outputs])
  const weights = { weight: input('weight', 'float32', [outputs, dim]), bias: input('bias', 'float32', [outputs]) }
  const found = linear(tokens, weights.weight, weights.bias)
  const apart = subtract(found, targets)
  const loss = kind === 'depth' ? mean(mean(multiply(apart, apart), 1), 0) : divide(negate(sumAll(multiply(logSoftmax(found), targets))), scalar(batch))
  const scalars = Object.fromEntries(['gradientScale', 'decay', 'stepSize', 'epsilon'].map((name) => [name, input(name, 'float32', [])]))
  const slopes = gradients(loss, [weights.weight, weights.bias])
  const next = (['weight', 'bias'] as const).map((name, index) => {
    const shape = weights[name].shape
    const state = { parameter: weights[name], first: input(`${name}_first`, 'float32', shape), second: input(`${name}_second`, 'float32', shape) }
    return adamW(state, slopes[index]!, rates, { gradientScale: scalars.gradientScale!, decay: scalars.decay!, stepSize: scalars.stepSize!, epsilon: scalars.epsilon! })
  })
  const [weight, bias] = [next[0]!, next[1]!]
  return buildModel(
    'headStep',
    {
      loss: add(reshape(loss, []), scalar(0)),
      next_weight: weight.parameter, next_weight_first: weight.first, next_weight_second: weight.second,
      next_bias: bias.parameter, next_bias_first: bias.first, next_bias_second: bias.second,
    },
    () => new Uint8Array(0),
  )
}
