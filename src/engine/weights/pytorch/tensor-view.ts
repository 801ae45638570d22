/** @file Copies a strided view out of a storage into row-major order. */
import { elementsOf, dtypes, elementCount, rowMajorStrides, tensor, type Tensor } from '../../tensor'
import type { TensorReference } from './pickle-values'

/** The view's elements, row-major. The view has been checked to lie inside the storage, whose bytes are all in `bytes`. */
export function readView({ storage, offset, shape, strides }: TensorReference, bytes: Buffer): Tensor {
  const { dtype } = storage
  const size = dtypes[dtype].bytes
  const count = elementCount(shape)
  const compact = count === 0 || isContiguous(shape, strides)
  const packed = compact ? bytes.subarray(offset * size, (offset + count) * size) : gather(bytes, size, offset, shape, strides, count)
  return tensor(dtype, shape, elementsOf(dtype, packed))
}

/** Axes of length 1 may have any stride. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  return rowMajorStrides(shape).every((stride, axis) => shape[axis] === 1 || stride === strides[axis])
}

type Lane = Uint8Array | Uint16Array | Uint32Array | BigUint64Array

/** The bytes as unsigned integers as wide as one element: copying moves bit patterns, whatever they mean. */
function lanesOf(bytes: Buffer, size: number): Lane {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer)
  if (size === 8) return new BigUint64Array(buffer, byteOffset, byteLength / 8)
  if (size === 4) return new Uint32Array(buffer, byteOffset, byteLength / 4)
  return size === 2 ? new Uint16Array(buffer, byteOffset, byteLength / 2) : new Uint8Array(buffer, byteOffset, byteLength)
}

function gather(bytes: Buffer, size: number, offset: number, shape: readonly number[], strides: readonly number[], count: number): Buffer {
  const target = Buffer.allocUnsafeSlow(count * size)
  const from = lanesOf(bytes, size)
  const to = lanesOf(target, size)
  const inner = shape.length - 1
  const length = shape[inner] ?? 1
  const stride = strides[inner] ?? 1
  const index = new Array<number>(inner).fill(0)
  let row = offset
  for (let done = 0; done < count; done += length) {
    for (let step = 0; step < length; step++) to[done + step] = from[row + step * stride] ?? 0
    // The odometer of the outer axes.
    for (let axis = inner - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1
      row += strides[axis] ?? 0
      index[axis] = next
      if (next < (shape[axis] ?? 1)) break
      row -= next * (strides[axis] ?? 0)
      index[axis] = 0
    }
  }
  return target
}
