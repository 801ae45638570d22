/** @file What is measured beside the loss: how sure the teacher is, and how far the student is from it. */
import { scalar, type Value } from '../graph'
import { add, log, mean, multiply, negate, subtract, sum } from '../ops'

/** Keeps the logarithm of an impossible prototype finite; it is multiplied by 0. */
const smallest = 1e-30

/** The mean entropy of rows of probabilities `[rows, K]`, in nats: log K is uniform, 0 is one prototype alone. */
export function meanEntropy(probabilities: Value): Value {
  return mean(negate(sum(multiply(probabilities, log(add(probabilities, scalar(smallest)))), 1)), 0)
}

/** Cross-entropy less entropy: the mean divergence KL(teacher ‖ student), in nats. */
export function divergence(crossEntropy: Value, entropy: Value): Value {
  return subtract(crossEntropy, entropy)
}
