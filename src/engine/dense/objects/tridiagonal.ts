/** @file The largest eigenvalue of a symmetric tridiagonal matrix, and its eigenvector. */

export interface Tridiagonal {
  /** [size]. */
  readonly diagonal: readonly number[]
  /** Beside the diagonal, [size − 1] or longer. */
  readonly beside: readonly number[]
}

/** How many eigenvalues lie above `x`: signs of the pivots of T − x (Sturm). */
function countAbove({ diagonal, beside }: Tridiagonal, x: number): number {
  let count = 0
  let pivot = 1
  for (let index = 0; index < diagonal.length; index++) {
    const off = index === 0 ? 0 : beside[index - 1]!
    pivot = diagonal[index]! - x - (off * off) / pivot
    if (pivot === 0) pivot = -1e-300
    if (pivot > 0) count++
  }
  return count
}

/** The largest eigenvalue (`rank` 0), the second (1) …, from above by less than 1e-15 of the matrix's size; −∞ where there are not so many. */
export function eigenvalueFromTop(matrix: Tridiagonal, rank: number): number {
  const { diagonal, beside } = matrix
  const size = diagonal.length
  if (rank >= size) return -Infinity
  const off = (index: number): number => (index < 0 || index >= size - 1 ? 0 : Math.abs(beside[index]!))
  // Gershgorin's circles.
  let low = Infinity
  let high = -Infinity
  diagonal.forEach((value, index) => {
    const radius = off(index - 1) + off(index)
    low = Math.min(low, value - radius)
    high = Math.max(high, value + radius)
  })
  const scale = Math.max(Math.abs(low), Math.abs(high), 1e-300)
  high += 1e-15 * scale
  while (high - low > 1e-15 * scale) {
    const middle = (low + high) / 2
    if (middle <= low || middle >= high) break
    if (countAbove(matrix, middle) > rank) low = middle
    else high = middle
  }
  return high
}

/** Unit eigenvector of the largest eigenvalue, given from above: inverse iteration, whose matrix is then negative definite. */
export function topEigenvector({ diagonal, beside }: Tridiagonal, eigenvalue: number): Float64Array {
  const size = diagonal.length
  const shift = eigenvalue + 4e-15 * Math.max(1e-300, Math.abs(eigenvalue))
  const pivots = new Float64Array(size)
  for (let index = 0; index < size; index++) {
    const off = index === 0 ? 0 : beside[index - 1]!
    const pivot = diagonal[index]! - shift - (index === 0 ? 0 : (off * off) / pivots[index - 1]!)
    pivots[index] = pivot < 0 ? pivot : -1e-300
  }
  let vector = Float64Array.from({ length: size }, (_, index) => 1 + 0.1 * Math.cos(index))
  for (let iteration = 0; iteration < 4; iteration++) {
    for (let index = 1; index < size; index++) vector[index]! -= (beside[index - 1]! / pivots[index - 1]!) * vector[index - 1]!
    for (let index = size - 1; index >= 0; index--) vector[index] = (vector[index]! - (index === size - 1 ? 0 : beside[index]! * vector[index + 1]!)) / pivots[index]!
    // Divided by the largest first: a solution of a nearly singular system may be too long to be squared.
    const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    vector = vector.map((value) => value / largest)
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
    vector = vector.map((value) => value / length)
  }
  return vector
}
