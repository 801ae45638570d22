/** @file All eigenvalues of a symmetric matrix, without its eigenvectors. */
import { EngineError } from '../../contract'

const iterationLimit = 60

/** A symmetric tridiagonal matrix: `diagonal` float64 `[size]`, and `beside[i]` between i - 1 and i. */
interface Tridiagonal {
  readonly diagonal: Float64Array
  readonly beside: Float64Array
}

/**
 * Householder reflections from the last row upwards, on the lower triangle; `matrix` is overwritten.
 * Source: EISPACK tred1 (Martin, Reinsch and Wilkinson 1968).
 */
function tridiagonalise(matrix: Float64Array, size: number): Tridiagonal {
  const diagonal = new Float64Array(size)
  const beside = new Float64Array(size)
  const product = new Float64Array(size)
  for (let row = size - 1; row > 0; row--) {
    const v = matrix.subarray(row * size, row * size + row)
    diagonal[row] = matrix[row * size + row]!
    let square = 0
    for (const value of v) square += value * value
    const last = v[row - 1]!
    if (square === last * last) {
      beside[row] = last
      continue
    }
    const reflected = last > 0 ? -Math.sqrt(square) : Math.sqrt(square)
    beside[row] = reflected
    v[row - 1] = last - reflected
    // With v this long, the reflection is 1 - v vᵀ / h.
    const h = square - last * reflected
    product.fill(0, 0, row)
    for (let i = 0; i < row; i++) {
      const start = i * size
      const vi = v[i]!
      let sum = matrix[start + i]! * vi
      for (let j = 0; j < i; j++) {
        const value = matrix[start + j]!
        sum += value * v[j]!
        product[j]! += value * vi
      }
      product[i]! += sum
    }
    let overlap = 0
    for (let i = 0; i < row; i++) {
      product[i]! /= h
      overlap += product[i]! * v[i]!
    }
    const half = overlap / (2 * h)
    for (let i = 0; i < row; i++) product[i]! -= half * v[i]!
    for (let i = 0; i < row; i++) {
      const start = i * size
      const [vi, pi] = [v[i]!, product[i]!]
      for (let j = 0; j <= i; j++) matrix[start + j]! -= vi * product[j]! + pi * v[j]!
    }
  }
  diagonal[0] = matrix[0]!
  return { diagonal, beside }
}

/** QL with implicit shifts, in place of `diagonal`. Source: EISPACK imtql1 (Dubrulle, Martin and Wilkinson 1968). */
function diagonalise({ diagonal, beside }: Tridiagonal): Float64Array {
  const size = diagonal.length
  const e = new Float64Array(size)
  e.set(beside.subarray(1))
  for (let low = 0; low < size; low++) {
    for (let iteration = 0; ; iteration++) {
      let high = low
      while (high < size - 1 && Math.abs(e[high]!) > Number.EPSILON * (Math.abs(diagonal[high]!) + Math.abs(diagonal[high + 1]!))) high++
      if (high === low) break
      if (iteration === iterationLimit) throw new EngineError('INTERNAL', `symmetricEigenvalues: the ${low}th of ${size} did not settle in ${iterationLimit} iterations`)
      let g = (diagonal[low + 1]! - diagonal[low]!) / (2 * e[low]!)
      let r = Math.hypot(g, 1)
      g = diagonal[high]! - diagonal[low]! + e[low]! / (g + (g >= 0 ? r : -r))
      let [sine, cosine, shift] = [1, 1, 0]
      let index = high - 1
      for (; index >= low; index--) {
        const f = sine * e[index]!
        const b = cosine * e[index]!
        r = Math.hypot(f, g)
        e[index + 1] = r
        if (r === 0) {
          diagonal[index + 1]! -= shift
          e[high] = 0
          break
        }
        sine = f / r
        cosine = g / r
        g = diagonal[index + 1]! - shift
        r = (diagonal[index]! - g) * sine + 2 * cosine * b
        shift = sine * r
        diagonal[index + 1] = g + shift
        g = cosine * r - b
      }
      if (r === 0 && index >= low) continue
      diagonal[low]! -= shift
      e[low] = g
      e[high] = 0
    }
  }
  return diagonal
}

/**
 * Eigenvalues of a symmetric matrix, largest first, float64 `[size]`. About 4/3 size³ operations.
 * @param matrix float64 `[size, size]`; only its lower triangle is read
 * @throws EngineError BAD_REQUEST when a value is not finite, INTERNAL when the iteration does not settle
 */
export function symmetricEigenvalues(matrix: Float64Array, size: number): Float64Array {
  if (!matrix.every(Number.isFinite)) throw new EngineError('BAD_REQUEST', `symmetricEigenvalues: a value of the ${size} × ${size} matrix is not finite`)
  if (size === 0) return new Float64Array()
  return diagonalise(tridiagonalise(matrix.slice(), size)).sort().reverse()
}
