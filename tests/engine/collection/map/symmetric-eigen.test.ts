import { expect, it } from 'vitest'
import { symmetricEigen } from '../../../../src/engine/collection/map/symmetric-eigen'
import { randomStream } from '../../../../src/engine/tensor'

it('gives orthonormal vectors that a matrix only stretches, the most stretched first', () => {
  const size = 11
  const random = randomStream(1)
  const matrix = new Float64Array(size * size)
  for (let i = 0; i < size; i++) for (let j = i; j < size; j++) matrix[i * size + j] = matrix[j * size + i] = random.normal()
  const { values, vectors } = symmetricEigen(matrix, size)
  const worst = (errors: readonly number[]): number => Math.max(...errors.map(Math.abs))
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0)
  expect(worst(vectors.flatMap((vector, index) => Array.from({ length: size }, (_, row) => dot(matrix.slice(row * size, (row + 1) * size), vector) - values[index]! * vector[row]!)))).toBeLessThan(1e-12)
  expect(worst(vectors.flatMap((a, i) => vectors.map((b, j) => dot(a, b) - (i === j ? 1 : 0))))).toBeLessThan(1e-12)
  expect(values.toSorted((a, b) => b - a)).toEqual(values)
})

it('takes a diagonal matrix, and one of zeros, as it is', () => {
  expect(symmetricEigen(Float64Array.of(1, 0, 0, 3), 2)).toEqual({ values: [3, 1], vectors: [Float64Array.of(0, 1), Float64Array.of(1, 0)] })
  expect(symmetricEigen(new Float64Array(4), 2).values).toEqual([0, 0])
})
