/** @file Multinomial logistic regression with a ridge, by L-BFGS in double precision: the same examples give the same weights. */

export interface LogisticProblem {
  /** float64 [examples, dim]. */
  readonly features: Float64Array
  readonly dim: number
  readonly labels: Int32Array
  readonly classes: number
}

const memory = 8
const maxIterations = 120
const tolerance = 1e-6
const sufficientDecrease = 1e-4
const maxHalvings = 30
/** The event loop turns at least this often, ms. */
const longestTurn = 10

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

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!
  return sum
}

/** Mean cross-entropy and ridge / 2 · |weights|² without the biases; writes the gradient. */
function objective({ features, dim, labels, classes }: LogisticProblem, use: Int32Array, ridge: number, weights: Float64Array, gradient: Float64Array): number {
  gradient.fill(0)
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

interface Step {
  readonly moved: Float64Array
  readonly turned: Float64Array
  readonly rho: number
}

/** Two-loop recursion. Source: Nocedal & Wright, Numerical Optimization, algorithm 7.4. */
function direction(gradient: Float64Array, steps: readonly Step[]): Float64Array {
  const result = gradient.map((value) => -value)
  const alphas: number[] = []
  for (const { moved, turned, rho } of steps.toReversed()) {
    const alpha = rho * dot(moved, result)
    alphas.unshift(alpha)
    for (let index = 0; index < result.length; index++) result[index]! -= alpha * turned[index]!
  }
  const last = steps.at(-1)
  if (last !== undefined) {
    const scale = 1 / (last.rho * dot(last.turned, last.turned))
    for (let index = 0; index < result.length; index++) result[index]! *= scale
  }
  steps.forEach(({ moved, turned, rho }, step) => {
    const change = alphas[step]! - rho * dot(turned, result)
    for (let index = 0; index < result.length; index++) result[index]! += change * moved[index]!
  })
  return result
}

/**
 * Fits to the examples in `use`.
 * @param start weights to begin at; zeros where it is left out
 * @returns float64 [classes, dim + 1], the last column the biases
 * @throws the signal's reason
 */
export async function fitLogistic(problem: LogisticProblem, use: Int32Array, ridge: number, signal: AbortSignal, start?: Float64Array): Promise<Float64Array> {
  let weights: Float64Array = start?.slice() ?? new Float64Array(problem.classes * (problem.dim + 1))
  let gradient: Float64Array = new Float64Array(weights.length)
  let loss = objective(problem, use, ridge, weights, gradient)
  const steps: Step[] = []
  let turned = performance.now()
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (performance.now() - turned > longestTurn) {
      await new Promise(setImmediate)
      turned = performance.now()
    }
    signal.throwIfAborted()
    if (gradient.every((value) => Math.abs(value) < tolerance)) break
    const ahead = direction(gradient, steps)
    const slope = dot(gradient, ahead)
    let found: { readonly weights: Float64Array; readonly gradient: Float64Array; readonly loss: number } | undefined
    let length = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1
    for (let halving = 0; halving < maxHalvings && found === undefined; halving++, length /= 2) {
      const tried = weights.map((value, index) => value + length * ahead[index]!)
      const triedGradient = new Float64Array(weights.length)
      const triedLoss = objective(problem, use, ridge, tried, triedGradient)
      if (triedLoss <= loss + sufficientDecrease * length * slope) found = { weights: tried, gradient: triedGradient, loss: triedLoss }
    }
    // As near as double precision tells.
    if (found === undefined) break
    const [from, before] = [weights, gradient]
    const moved = found.weights.map((value, index) => value - from[index]!)
    const change = found.gradient.map((value, index) => value - before[index]!)
    const curvature = dot(moved, change)
    if (curvature > 1e-14) steps.push({ moved, turned: change, rho: 1 / curvature })
    if (steps.length > memory) steps.shift()
    ;({ weights, gradient, loss } = found)
  }
  return weights
}
