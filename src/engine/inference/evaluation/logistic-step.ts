/** @file The loss of a linear classifier over many rows, and its slopes, as one graph of the engine. */
import { gradients } from '../../autodiff'
import { buildModel, input, type BuiltModel } from '../../graph'
import { linear, logSoftmax, multiply, negate, sum, sumAll } from '../../ops'

/**
 * `features` [rows, dim], `targets` [rows, classes] (one 1 a row), `weight` [classes, dim] and `bias` [classes] in; `losses` [rows], the
 * cross-entropy of each row, and the slopes of their sum by `weight` and `bias` out.
 */
export function logisticStep(dim: number, classes: number): BuiltModel {
  const features = input('features', 'float32', ['rows', dim])
  const targets = input('targets', 'float32', ['rows', classes])
  const weight = input('weight', 'float32', [classes, dim])
  const bias = input('bias', 'float32', [classes])
  const losses = negate(sum(multiply(logSoftmax(linear(features, weight, bias)), targets), 1))
  const [byWeight, byBias] = gradients(sumAll(losses), [weight, bias])
  return buildModel('logisticStep', { losses, byWeight: byWeight!, byBias: byBias! }, () => new Uint8Array(0))
}
