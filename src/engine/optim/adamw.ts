/** @file AdamW and the teacher's moving average as functions over values, elementwise, so that they run on any slice of the weights. */
import { scalar, type Value } from '../graph'
import { add, divide, multiply, sqrt, subtract } from '../ops'

/** Values of one shape `[…]`. */
export interface AdamWState {
  readonly parameter: Value
  /** First and second moment. */
  readonly first: Value
  readonly second: Value
}

export interface AdamWRates {
  readonly beta1: number
  readonly beta2: number
}

/** What changes from step to step, each a scalar; see {@link adamWFactors}. */
export interface AdamWFactors {
  /** What the gradient is multiplied by before all else: clipping, unscaling, averaging. */
  readonly gradientScale: Value
  readonly decay: Value
  readonly stepSize: Value
  readonly epsilon: Value
}

/**
 * One update: m ← β₁m + (1-β₁)g; v ← β₂v + (1-β₂)g²; p ← p(1 - lr·wd) - lr · m̂ / (√v̂ + ε), with the bias corrections
 * folded into `stepSize` and `epsilon`.
 * Source: Loshchilov & Hutter (arXiv 1711.05101) alg. 2; torch.optim.AdamW.
 */
export function adamW({ parameter, first, second }: AdamWState, gradient: Value, rates: AdamWRates, factors: AdamWFactors): AdamWState {
  const scaled = multiply(gradient, factors.gradientScale)
  const nextFirst = add(multiply(first, scalar(rates.beta1)), multiply(scaled, scalar(1 - rates.beta1)))
  const nextSecond = add(multiply(second, scalar(rates.beta2)), multiply(multiply(scaled, scaled), scalar(1 - rates.beta2)))
  const update = multiply(divide(nextFirst, add(sqrt(nextSecond), factors.epsilon)), factors.stepSize)
  return { parameter: subtract(multiply(parameter, factors.decay), update), first: nextFirst, second: nextSecond }
}

/** The numbers behind {@link AdamWFactors}, for the update numbered `count` (1 is the first) of a parameter. */
export function adamWFactors(
  { lr, weightDecay, epsilon, beta1, beta2 }: AdamWRates & { readonly lr: number; readonly weightDecay: number; readonly epsilon: number },
  count: number,
): { readonly decay: number; readonly stepSize: number; readonly epsilon: number } {
  const secondCorrection = Math.sqrt(1 - beta2 ** count)
  return { decay: 1 - lr * weightDecay, stepSize: (lr * secondCorrection) / (1 - beta1 ** count), epsilon: epsilon * secondCorrection }
}

/** momentum · average + (1 - momentum) · value. Source: DINO (arXiv 2104.14294) §3.1, the teacher's update. */
export function movingAverage(average: Value, value: Value, momentum: Value, complement: Value): Value {
  return add(multiply(average, momentum), multiply(value, complement))
}
