/** @file Tensors for tests: seeded noise, literals, differences. */
import { elementCount, randomStream, type Tensor } from '../../src/engine/tensor'

/** Standard normal float32 values, the same for the same seed. */
export function noise(shape: readonly number[], seed = 1): Tensor<'float32'> {
  const random = randomStream(seed)
  return { dtype: 'float32', shape, data: Float32Array.from({ length: elementCount(shape) }, () => random.normal()) }
}

export function float32(shape: readonly number[], values: readonly number[]): Tensor<'float32'> {
  return { dtype: 'float32', shape, data: Float32Array.from(values) }
}

export function int64(shape: readonly number[], values: readonly number[]): Tensor<'int64'> {
  return { dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) }
}

export function int8(shape: readonly number[], values: readonly number[]): Tensor<'int8'> {
  return { dtype: 'int8', shape, data: Int8Array.from(values) }
}

export function bool(shape: readonly number[], values: readonly boolean[]): Tensor<'bool'> {
  return { dtype: 'bool', shape, data: Uint8Array.from(values, Number) }
}

/** Largest absolute difference; Infinity where lengths differ or a value is not a number. */
export function maxDifference(left: ArrayLike<number>, right: ArrayLike<number>): number {
  if (left.length !== right.length) return Infinity
  let largest = 0
  for (let index = 0; index < left.length; index++) {
    const difference = Math.abs((left[index] ?? NaN) - (right[index] ?? NaN))
    if (Number.isNaN(difference)) return Infinity
    largest = Math.max(largest, difference)
  }
  return largest
}
