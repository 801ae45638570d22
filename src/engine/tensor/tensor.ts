/** @file A typed array with its shape: the one value that weights, pictures and results share. */
import { EngineError } from '../contract'
import type { DType, DTypeArrays } from './dtype'
import { bfloat16sToFloat32, float16sToFloat32 } from './float16'
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

/** A float32 copy or, where it already is float32, the tensor itself. */
export function toFloat32(source: Tensor): Tensor<'float32'> {
  if (source.dtype === 'float32') return source as Tensor<'float32'>
  return { dtype: 'float32', shape: source.shape, data: float32Of(source) }
}

function float32Of(source: Tensor): Float32Array {
  switch (source.dtype) {
    case 'float16':
      return float16sToFloat32(source.data as Uint16Array)
    case 'bfloat16':
      return bfloat16sToFloat32(source.data as Uint16Array)
    case 'int64':
      return Float32Array.from(source.data as BigInt64Array, Number)
    default:
      return new Float32Array(source.data as Exclude<Tensor['data'], BigInt64Array>)
  }
}
