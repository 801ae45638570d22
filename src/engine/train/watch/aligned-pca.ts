/** @file PCA colours of one picture through time: turned so that they are as much as possible those of the frame before. */
import { colourRange, principalComponents, project } from '../../inference'

/** 3 × 3, row by row. */
type Matrix = readonly number[]

const components = 3
const identity: Matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1]
/** How strongly what the previous frame does not determine stays where it is. */
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
function whitenedScores(tokens: Float32Array, dim: number, patches: number): Float64Array {
  const set = { data: tokens, dim, rows: Array.from({ length: patches }, (_, row) => row) }
  const fit = principalComponents(set, components)
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

/** Orthogonal Procrustes: the turn of `scores` that brings them nearest to the colours of the previous frame. */
function turnTowards(scores: Float64Array, previous: Uint8Array): Matrix {
  const patches = scores.length / components
  const means = [0, 1, 2].map((channel) => {
    let sum = 0
    for (let row = 0; row < patches; row++) sum += previous[row * components + channel]!
    return sum / patches
  })
  const product = identity.map((_, index) => {
    const [component, channel] = [Math.floor(index / 3), index % 3]
    let sum = 0
    for (let row = 0; row < patches; row++) sum += scores[row * components + component]! * (previous[row * components + channel]! - means[channel]!)
    return sum
  })
  const size = Math.hypot(...product)
  return nearestOrthogonal(product.map((value, index) => value + inertia * size * identity[index]!))
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
  const colours = new Uint8Array(patches * components)
  for (let channel = 0; channel < components; channel++) {
    const values = Array.from({ length: patches }, (_, row) => [0, 1, 2].reduce((sum, component) => sum + scores[row * components + component]! * turn[component * 3 + channel]!, 0))
    if (values.every((value) => value === values[0])) {
      for (let row = 0; row < patches; row++) colours[row * components + channel] = 128
      continue
    }
    const { low, high } = colourRange(values)
    values.forEach((value, row) => {
      colours[row * components + channel] = Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low))))
    })
  }
  return colours
}
