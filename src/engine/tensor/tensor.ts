/** @file A typed array with its shape: the one value that weights, pictures and results share. */
import { EngineError } from '../contract'
import { allocate, type DType, type DTypeArrays } from './dtype'
import { bfloat16ToNumber, float16ToNumber } from './float16'
import { elementCount, formatShape, type Shape } from './shape'

/** Row-major data of one dtype. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D
  readonly shape: Shape
  readonly data: DTypeArrays[D]
}

/**
 * Puts a shape on data.
 * @throws EngineError INTERNAL when the element count does not match
 */
export function tensor<D extends DType>(dtype: D, shape: Shape, data: DTypeArrays[D]): Tensor<D> {
  if (elementCount(shape) !== data.length)
    throw new EngineError('INTERNAL', `tensor: shape ${formatShape(shape)} needs ${elementCount(shape)} elements, data has ${data.length}`)
  return { dtype, shape, data }
}

export function zeros<D extends DType>(dtype: D, shape: Shape): Tensor<D> {
  return { dtype, shape, data: allocate(dtype, elementCount(shape)) }
}

/** A float32 copy or, where it already is float32, the tensor itself. */
export function toFloat32(source: Tensor): Tensor<'float32'> {
  if (source.dtype === 'float32') return source as Tensor<'float32'>
  const data = new Float32Array(source.data.length)
  const read = (index: number): number => {
    const value = source.data[index] ?? 0
    if (source.dtype === 'float16') return float16ToNumber(Number(value))
    if (source.dtype === 'bfloat16') return bfloat16ToNumber(Number(value))
    return Number(value)
  }
  for (let index = 0; index < data.length; index++) data[index] = read(index)
  return { dtype: 'float32', shape: source.shape, data }
}
