/** @file Eigenvectors of a small symmetric matrix. */

const sweeps = 50

/** By falling eigenvalue; `vectors[i]` belongs to `values[i]`. */
export interface SymmetricEigen {
  readonly values: readonly number[]
  readonly vectors: readonly Float64Array[]
}

/** Turns rows and columns `p` and `q` so that the element at (p, q) vanishes. */
function rotate(matrix: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const off = matrix[p * size + q]!
  if (off === 0) return
  const theta = (matrix[q * size + q]! - matrix[p * size + p]!) / (2 * off)
  const tangent = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1))
  const cosine = 1 / Math.hypot(tangent, 1)
  const sine = tangent * cosine
  const turn = (data: Float64Array, first: number, second: number): void => {
    const [a, b] = [data[first]!, data[second]!]
    data[first] = cosine * a - sine * b
    data[second] = sine * a + cosine * b
  }
  for (let index = 0; index < size; index++) turn(matrix, index * size + p, index * size + q)
  for (let index = 0; index < size; index++) turn(matrix, p * size + index, q * size + index)
  for (let index = 0; index < size; index++) turn(vectors, p * size + index, q * size + index)
}

/**
 * The cyclic Jacobi method, for sizes of some ten.
 * Source: Golub & Van Loan, Matrix Computations, 4th ed., algorithms 8.5.1 and 8.5.3.
 * @param symmetric float64 [size, size]
 */
export function symmetricEigen(symmetric: Float64Array, size: number): SymmetricEigen {
  const matrix = symmetric.slice()
  const vectors = new Float64Array(size * size)
  for (let index = 0; index < size; index++) vectors[index * size + index] = 1
  const total = matrix.reduce((sum, value) => sum + value ** 2, 0)
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let off = 0
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) off += matrix[p * size + q]! ** 2
    if (off <= 1e-30 * total) break
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(matrix, vectors, size, p, q)
  }
  const order = Array.from({ length: size }, (_, index) => index).sort((a, b) => matrix[b * size + b]! - matrix[a * size + a]! || a - b)
  return { values: order.map((index) => matrix[index * size + index]!), vectors: order.map((index) => vectors.slice(index * size, (index + 1) * size)) }
}
