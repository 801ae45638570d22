/** @file Tensor operations as plain loops over indices: slow, obvious, and independent of the code under test. */
import { elementCount, rowMajorStrides, type Tensor } from '../../src/engine/tensor'

export interface Naive {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

export function naiveOf(tensor: Tensor): Naive {
  return { shape: tensor.shape, values: Array.from(tensor.data as ArrayLike<number | bigint>, Number) }
}

/** All index tuples of a shape in row-major order. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  const [size, ...rest] = shape
  if (size === undefined) {
    yield []
    return
  }
  for (let index = 0; index < size; index++) for (const tail of indices(rest)) yield [index, ...tail]
}

/** The element at an index tuple, with NumPy broadcasting of missing and size-1 axes. */
export function at({ shape, values }: Naive, index: readonly number[]): number {
  const own = index.slice(index.length - shape.length)
  const strides = rowMajorStrides(shape)
  return values[own.reduce((sum, position, axis) => sum + (shape[axis] === 1 ? 0 : position) * (strides[axis] ?? 0), 0)] ?? NaN
}

/** Builds a tensor from a function of the index tuple. */
export function build(shape: readonly number[], element: (index: readonly number[]) => number): Naive {
  return { shape, values: elementCount(shape) === 0 ? [] : [...indices(shape)].map(element) }
}

/** Σ over 0..count-1. */
export function sum(count: number, term: (index: number) => number): number {
  let total = 0
  for (let index = 0; index < count; index++) total += term(index)
  return total
}

/** The error function by its Taylor series, good to 1e-12 for |x| < 4. */
export function erf(x: number): number {
  let term = x
  let total = x
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n
    total += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * total
}
