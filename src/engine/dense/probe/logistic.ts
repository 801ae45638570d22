/** @file Multinomial logistic regression with a ridge, by L-BFGS in double precision: the same examples give the same weights. */
import { minimise } from '../../optim'

export interface LogisticProblem {
  /** float64 [examples, dim]. */
  readonly features: Float64Array
  readonly dim: number
  readonly labels: Int32Array
  readonly classes: number
}

const maxIterations = 120
const tolerance = 1e-6

/** Class scores of one example: weights [classes, dim + 1], the last column the bias. */
export function scoresOf(weights: Float64Array, features: Float64Array, start: number, dim: number, scores: Float64Array): void {
  for (let label = 0; label < scores.length; label++) {
    const row = label * (dim + 1)
    let sum = weights[row + dim]!
    for (let column = 0; column < dim; column++) sum += weights[row + column]! * features[start + column]!
    scores[label] = sum
  }
}

/** Scores become shares of 1. @returns log Σ exp */
export function toShares(scores: Float64Array): number {
  const largest = scores.reduce((most, score) => Math.max(most, score), -Infinity)
  let sum = 0
  for (let label = 0; label < scores.length; label++) sum += scores[label] = Math.exp(scores[label]! - largest)
  for (let label = 0; label < scores.length; label++) scores[label]! /= sum
  return largest + Math.log(sum)
}

/** Mean cross-entropy and ridge / 2 · |weights|² without the biases; adds to the gradient, which comes zeroed. */
function objective({ features, dim, labels, classes }: LogisticProblem, use: Int32Array, ridge: number, weights: Float64Array, gradient: Float64Array): number {
  const scores = new Float64Array(classes)
  let loss = 0
  for (const example of use) {
    const start = example * dim
    scoresOf(weights, features, start, dim, scores)
    const own = scores[labels[example]!]!
    loss += toShares(scores) - own
    for (let label = 0; label < classes; label++) {
      const delta = (scores[label]! - Number(label === labels[example])) / use.length
      const row = label * (dim + 1)
      for (let column = 0; column < dim; column++) gradient[row + column]! += delta * features[start + column]!
      gradient[row + dim]! += delta
    }
  }
  loss /= use.length
  for (let index = 0; index < weights.length; index++) {
    if (index % (dim + 1) === dim) continue
    loss += (ridge / 2) * weights[index]! ** 2
    gradient[index]! += ridge * weights[index]!
  }
  return loss
}

/**
 * Fits to the examples in `use`.
 * @param start weights to begin at; zeros where it is left out
 * @returns float64 [classes, dim + 1], the last column the biases
 * @throws the signal's reason
 */
export async function fitLogistic(problem: LogisticProblem, use: Int32Array, ridge: number, signal: AbortSignal, start?: Float64Array): Promise<Float64Array> {
  const zeros = new Float64Array(problem.classes * (problem.dim + 1))
  const { at } = await minimise((weights, gradient) => objective(problem, use, ridge, weights, gradient), start ?? zeros, { maxIterations, tolerance, signal })
  return at
}
