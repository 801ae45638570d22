/** @file PCA colours of a picture, turned so that they are as much as possible those of an earlier look at it. */
import { colourRange, principalComponents, project, spreadRows } from '../../inference'

/** 3 × 3, row by row. */
type Matrix = readonly number[]

export const components = 3
const identity: Matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1]
/** How strongly what the other look does not determine stays where it is. */
const inertia = 1e-3
const newtonSteps = 60

/** The inverse transposed, as cofactors over the determinant. */
function inverseTransposed(m: Matrix): Matrix {
  const at = (row: number, column: number): number => m[(row % 3) * 3 + (column % 3)]!
  const cofactor = (row: number, column: number): number => at(row + 1, column + 1) * at(row + 2, column + 2) - at(row + 1, column + 2) * at(row + 2, column + 1)
  const cofactors = identity.map((_, index) => cofactor(Math.floor(index / 3), index % 3))
  const determinant = m[0]! * cofactors[0]! + m[1]! * cofactors[1]! + m[2]! * cofactors[2]!
  return cofactors.map((value) => value / determinant)
}

/**
 * The orthogonal matrix nearest to `m`, by Newton's iteration X ← (X + X⁻ᵀ) / 2; the identity where `m` has no inverse.
 * Source: Higham, "Computing the polar decomposition" (1986).
 */
export function nearestOrthogonal(m: Matrix): Matrix {
  let x = m
  for (let step = 0; step < newtonSteps; step++) {
    const inverse = inverseTransposed(x)
    x = x.map((value, index) => (value + inverse[index]!) / 2)
  }
  return x.every(Number.isFinite) ? x : identity
}

/** Scores along the leading components, each at deviation 1, float64 `[patches, 3]`; a component without variance is 0. */
export function whitenedScores(tokens: Float32Array, dim: number, patches: number): Float64Array {
  const fit = principalComponents({ data: tokens, dim, rows: spreadRows(patches) }, components)
  const set = { data: tokens, dim, rows: Array.from({ length: patches }, (_, row) => row) }
  const scores = project(set, fit)
  const width = fit.axes.length
  const deviations = fit.axes.map((_, component) => Math.sqrt(set.rows.reduce((sum, row) => sum + scores[row * width + component]! ** 2, 0) / patches))
  const white = new Float64Array(patches * components)
  const floor = 1e-6 * Math.max(...deviations)
  for (let row = 0; row < patches; row++)
    for (let component = 0; component < width; component++) {
      const deviation = deviations[component]!
      if (deviation > floor) white[row * components + component] = scores[row * width + component]! / deviation
    }
  return white
}

export function channelMeans(values: ArrayLike<number>): readonly number[] {
  const means = [0, 0, 0]
  for (let index = 0; index < values.length; index++) means[index % components]! += (values[index]! * components) / values.length
  return means
}

/**
 * Orthogonal Procrustes: the turn (or mirroring) of `scores` that brings them nearest to `target`, both `[patches, 3]`.
 * Source: Schönemann, "A generalized solution of the orthogonal Procrustes problem" (1966).
 */
export function turnTowards(scores: ArrayLike<number>, target: ArrayLike<number>): Matrix {
  const patches = scores.length / components
  const means = channelMeans(target)
  const product = identity.map((_, index) => {
    const [component, channel] = [Math.floor(index / 3), index % 3]
    let sum = 0
    for (let row = 0; row < patches; row++) sum += scores[row * components + component]! * (target[row * components + channel]! - means[channel]!)
    return sum
  })
  const size = Math.hypot(...product)
  return nearestOrthogonal(product.map((value, index) => value + inertia * size * identity[index]!))
}

/** Float64 `[patches, 3]`. */
export function turned(scores: ArrayLike<number>, turn: Matrix): Float64Array {
  return Float64Array.from(scores, (_, index) => {
    const [row, channel] = [index - (index % components), index % components]
    return scores[row]! * turn[channel]! + scores[row + 1]! * turn[3 + channel]! + scores[row + 2]! * turn[6 + channel]!
  })
}

/** All looks over one range for each channel, the outermost percent clipped; a channel without variance is grey. */
export function stretched(looks: readonly Float64Array[]): readonly Uint8Array<ArrayBuffer>[] {
  const colours = looks.map(({ length }) => new Uint8Array(length))
  for (let channel = 0; channel < components; channel++) {
    const values = looks.flatMap((look) => Array.from({ length: look.length / components }, (_, row) => look[row * components + channel]!))
    const flat = values.every((value) => value === values[0])
    const { low, high } = colourRange(values)
    looks.forEach((look, index) => {
      for (let at = channel; at < look.length; at += components) colours[index]![at] = flat ? 128 : Math.round(255 * Math.min(1, Math.max(0, (look[at]! - low) / (high - low))))
    })
  }
  return colours
}

/**
 * The three leading components of a picture's patch tokens as red, green and blue: whitened, turned towards the previous
 * frame's colours, the outermost percent clipped. All patches are coloured: what is foreground changes while a model learns.
 * @param tokens float32 `[patches, dim]`, never CLS or registers
 * @param previous uint8 `[patches, 3]` of the same picture and grid, or undefined for the first frame, whose signs are fixed
 * @returns uint8 `[patches, 3]`
 */
export function alignedPcaColours(tokens: Float32Array, dim: number, previous: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  const patches = tokens.length / dim
  const scores = whitenedScores(tokens, dim, patches)
  const turn = previous?.length === patches * components ? turnTowards(scores, previous) : identity
  return stretched([turned(scores, turn)])[0]!
}
