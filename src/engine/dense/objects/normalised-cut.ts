/** @file The second smallest generalised eigenvector of a graph's Laplacian, by Lanczos iteration. */
import { randomStream } from '../../tensor'
import { multiplyGraph, type SimilarityGraph } from './similarity-graph'
import { eigenvalueFromTop, topEigenvector } from './tridiagonal'

export interface NormalisedCut {
  /** λ₂ of (D − W) y = λ D y, 0..2: near 0 where the graph falls apart, 1 where there is nothing to cut. */
  readonly eigenvalue: number
  /** y of it, float64 [count], with yᵀ D y = 1; the sign is open. */
  readonly vector: Float64Array
  readonly iterations: number
}

const maxIterations = 400
/** Ritz pairs cost little beside products, but are not needed after each. */
const checkEvery = 4
/** Angle to which the eigenvector is found. */
const accuracy = 1e-5

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!
  return sum
}

function subtractScaled(target: Float64Array, scale: number, vector: Float64Array): void {
  for (let index = 0; index < target.length; index++) target[index]! -= scale * vector[index]!
}

/** Takes out of `target` what lies along unit vectors; twice, since once leaves rounding errors that grow. */
function orthogonalise(target: Float64Array, basis: readonly Float64Array[]): void {
  for (let pass = 0; pass < 2; pass++) for (const vector of basis) subtractScaled(target, dot(target, vector), vector)
}

function scaledTo(vector: Float64Array, length: number): Float64Array {
  return vector.map((value) => value / length)
}

/**
 * Finds λ₂ and y by the largest eigenvalue of D^-½ W D^-½ beside 1, whose eigenvector D^½·1 is known and left out from
 * the start. Every product is followed by full orthogonalisation, so that no eigenvalue comes twice.
 * Source: Shi & Malik, "Normalized cuts and image segmentation" (2000); Paige's Lanczos iteration.
 * @returns eigenvalue 1 and zeros for a graph of one patch
 * @throws the signal's reason
 */
export async function normalisedCut(graph: SimilarityGraph, signal: AbortSignal, onProgress?: (share: number) => void): Promise<NormalisedCut> {
  const { count, degrees } = graph
  const roots = degrees.map(Math.sqrt)
  const trivial = scaledTo(roots, Math.sqrt(dot(roots, roots)))
  const random = randomStream(1)
  const start = Float64Array.from({ length: count }, () => random.normal())
  orthogonalise(start, [trivial])
  const startLength = Math.sqrt(dot(start, start))
  if (count < 2 || startLength < 1e-12) return { eigenvalue: 1, vector: new Float64Array(count), iterations: 0 }

  const basis = [trivial, scaledTo(start, startLength)]
  const diagonal: number[] = []
  const beside: number[] = []
  for (;;) {
    const latest = basis.at(-1)!
    const product = (await multiplyGraph(graph, latest.map((value, index) => value / roots[index]!), signal)).map((value, index) => value / roots[index]!)
    diagonal.push(dot(product, latest))
    orthogonalise(product, basis)
    const length = Math.sqrt(dot(product, product))
    beside.push(length)
    const size = diagonal.length
    // Nothing new: what was found is exact.
    const exhausted = length < 1e-13 || size === count - 1 || size === maxIterations
    if (exhausted || size % checkEvery === 0) {
      const matrix = { diagonal, beside }
      const largest = eigenvalueFromTop(matrix, 0)
      const ritz = topEigenvector(matrix, largest)
      const residual = Math.abs(length * ritz[size - 1]!)
      if (exhausted || residual <= Math.max(1e-13, accuracy * (largest - eigenvalueFromTop(matrix, 1)))) {
        const vector = new Float64Array(count)
        ritz.forEach((weight, index) => {
          subtractScaled(vector, -weight, basis[index + 1]!)
        })
        return { eigenvalue: 1 - largest, vector: vector.map((value, index) => value / roots[index]!), iterations: size }
      }
      // How many are to come is not known; each brings it nearer.
      onProgress?.(1 - 0.95 ** size)
    }
    basis.push(scaledTo(product, length))
  }
}
