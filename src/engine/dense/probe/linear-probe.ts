/** @file A linear probe of a few examples: the ridge is chosen and the accuracy told by the same folds. */
import type { ProbeExamples, ProbeScore } from './examples'
import { fewRows } from './few-rows'
import { foldsOf } from './folds'
import { fitLogistic, scoresOf, toShares, type LogisticProblem } from './logistic'

export interface LinearProbe {
  /** float32 [classes, dim]. */
  readonly weight: Float32Array
  /** float32 [classes]. */
  readonly bias: Float32Array
  readonly ridge: number
  readonly score: ProbeScore | undefined
}

/** Strongest first: each fit begins where the stronger one ended. */
const ridges = [1, 0.1, 0.01, 0.001] as const
/** Where there are too few examples to compare. */
const plainRidge = 0.01
/** The ridge is chosen on so many, taken evenly. */
const mostCompared = 600

/** Centred, and at a mean square length of 1, so that ridges mean the same everywhere. */
function standardised({ vectors, dim }: ProbeExamples): { readonly features: Float64Array; readonly mean: Float64Array; readonly scale: number } {
  const rows = vectors.length / dim
  const mean = new Float64Array(dim)
  vectors.forEach((value, index) => { mean[index % dim]! += value / rows })
  const features = Float64Array.from(vectors, (value, index) => value - mean[index % dim]!)
  const square = features.reduce((sum, value) => sum + value ** 2, 0) / rows
  const scale = square > 1e-12 ? 1 / Math.sqrt(square) : 1
  return { features: features.map((value) => value * scale), mean, scale }
}

interface Compared {
  readonly ridge: number
  readonly score: ProbeScore
}

async function compareRidges(problem: LogisticProblem, groups: Int32Array, signal: AbortSignal): Promise<Compared | undefined> {
  const { features, dim, labels, classes } = problem
  const stride = Math.max(1, Math.ceil(labels.length / mostCompared))
  const some = Int32Array.from(labels.keys()).filter((index) => index % stride === 0)
  const folds = foldsOf(labels.filter((_, index) => index % stride === 0), groups.filter((_, index) => index % stride === 0), classes)
  if (folds === undefined) return undefined
  const loss = new Float64Array(ridges.length)
  const predicted = ridges.map(() => new Int32Array(some.length))
  const shares = new Float64Array(classes)
  for (let fold = 0; fold < folds.folds; fold++) {
    const use = some.filter((_, at) => folds.foldOf[at] !== fold)
    let weights: Float64Array | undefined
    for (const [index, ridge] of ridges.entries()) {
      weights = await fitLogistic(problem, use, ridge, signal, weights)
      for (const [at, example] of some.entries()) {
        if (folds.foldOf[at] !== fold) continue
        scoresOf(weights, features, example * dim, dim, shares)
        const own = shares[labels[example]!]!
        predicted[index]![at] = shares.indexOf(Math.max(...shares))
        loss[index]! += toShares(shares) - own
      }
    }
  }
  const best = loss.indexOf(Math.min(...loss))
  return { ridge: ridges[best]!, score: { folds: folds.folds, truth: Int32Array.from(some, (example) => labels[example]!), predicted: predicted[best]! } }
}

/** @throws the signal's reason */
export async function fitLinearProbe(examples: ProbeExamples, signal: AbortSignal): Promise<LinearProbe> {
  const { dim, labels, groups, classes } = examples
  const { features, mean, scale } = standardised(examples)
  const few = 2 * labels.length < dim ? fewRows(features, dim) : undefined
  const problem: LogisticProblem = { features: few?.coordinates ?? features, dim: few?.rank ?? dim, labels, classes }
  const compared = await compareRidges(problem, groups, signal)
  const ridge = compared?.ridge ?? plainRidge
  const fitted = await fitLogistic(problem, Int32Array.from(labels.keys()), ridge, signal)
  const weight = new Float32Array(classes * dim)
  const bias = new Float32Array(classes)
  for (let label = 0; label < classes; label++) {
    const own = fitted.subarray(label * (problem.dim + 1), (label + 1) * (problem.dim + 1))
    let offset = own[problem.dim]!
    for (let column = 0; column < dim; column++) {
      let value = few === undefined ? own[column]! : 0
      if (few !== undefined) for (let axis = 0; axis < few.rank; axis++) value += own[axis]! * few.axes[axis * dim + column]!
      weight[label * dim + column] = value * scale
      offset -= value * scale * mean[column]!
    }
    // A class without examples is never an answer.
    bias[label] = labels.includes(label) ? offset : -1e30
  }
  return { weight, bias, ridge, score: compared?.score }
}
