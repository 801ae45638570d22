/** @file Minimising a smooth function of many numbers by L-BFGS, in double precision: the same start gives the same end. */

export interface Minimised {
  /** float64 [numbers]. */
  readonly at: Float64Array
  readonly iterations: number
}

export interface MinimiseOptions {
  readonly maxIterations: number
  /** Of the largest slope along any number; below it the search is over. */
  readonly tolerance: number
  /** How finely values can be told apart, relative to them; a step that promises less is the end. 0 where it is left out. */
  readonly precision?: number
  readonly signal?: AbortSignal | undefined
}

/** The value at a point; writes the gradient, which comes zeroed. */
export type Objective = (at: Float64Array, gradient: Float64Array) => number | Promise<number>

interface Step {
  readonly moved: Float64Array
  readonly turned: Float64Array
  readonly rho: number
}

const memory = 8
const sufficientDecrease = 1e-4
const maxHalvings = 30
/** The event loop turns at least this often, ms. */
const longestTurn = 10

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!
  return sum
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
 * Steps along the L-BFGS direction, halved until the value has decreased enough (Armijo), until no slope is left or none can be
 * told in the precision there is.
 * @throws the signal's reason; what the objective throws
 */
export async function minimise(objective: Objective, start: Float64Array, { maxIterations, tolerance, precision = 0, signal }: MinimiseOptions): Promise<Minimised> {
  let at: Float64Array = start.slice()
  let gradient: Float64Array = new Float64Array(at.length)
  let value = await objective(at, gradient)
  const steps: Step[] = []
  let turned = performance.now()
  let iterations = 0
  for (; iterations < maxIterations; iterations++) {
    if (performance.now() - turned > longestTurn) {
      await new Promise(setImmediate)
      turned = performance.now()
    }
    signal?.throwIfAborted()
    if (gradient.every((slope) => Math.abs(slope) < tolerance)) break
    const ahead = direction(gradient, steps)
    const slope = dot(gradient, ahead)
    let found: { readonly at: Float64Array; readonly gradient: Float64Array; readonly value: number } | undefined
    let length = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1
    for (let halving = 0; halving < maxHalvings && found === undefined && -length * slope > precision * Math.abs(value); halving++, length /= 2) {
      const tried = at.map((number, index) => number + length * ahead[index]!)
      const triedGradient = new Float64Array(at.length)
      const triedValue = await objective(tried, triedGradient)
      if (triedValue <= value + sufficientDecrease * length * slope) found = { at: tried, gradient: triedGradient, value: triedValue }
    }
    // As near as the precision tells.
    if (found === undefined) break
    const [from, before] = [at, gradient]
    const moved = found.at.map((number, index) => number - from[index]!)
    const change = found.gradient.map((number, index) => number - before[index]!)
    const curvature = dot(moved, change)
    if (curvature > 1e-14) steps.push({ moved, turned: change, rho: 1 / curvature })
    if (steps.length > memory) steps.shift()
    ;({ at, gradient, value } = found)
  }
  return { at, iterations }
}
