/** @file The weights of a model at another width: rounded to half precision, or widened again. */
import { EngineError, type WeightPrecision } from '../../contract'
import { largestFloat16, numberToFloat16, toFloat32, type Tensor } from '../../tensor'
import { printable } from '../bytes/printable'
import type { SafetensorsIndex } from '../safetensors/header'
import type { NamedSource } from '../safetensors/write'
import { withTensors } from './model-tensors'

const dtypeOf = { fp32: 'float32', fp16: 'float16' } as const

/** Whether any weight would be another number at that width. */
export function isRounding({ tensors }: SafetensorsIndex, precision: WeightPrecision | undefined): boolean {
  return precision === 'fp16' && [...tensors.values()].some(({ dtype }) => dtype !== 'float16')
}

/**
 * Opens the weights until `use` is done with them, each tensor as it is stored, or at the width that is asked for: rounded to
 * the nearest half, ties to even, or widened, which is exact. A source throws MODEL_TENSOR when a weight is beyond the range of halves.
 * @throws EngineError SOURCE_UNAVAILABLE, and what `use` throws
 */
export async function withStoredAs<T>(weights: SafetensorsIndex, precision: WeightPrecision | undefined, use: (tensors: readonly NamedSource[]) => Promise<T>): Promise<T> {
  const { path, tensors } = weights
  return withTensors(weights, (read) =>
    use(
      Array.from(tensors, ([name, { dtype: stored, shape }]): NamedSource => {
        const dtype = precision === undefined ? stored : dtypeOf[precision]
        return { name, dtype, shape, read: async () => converted(path, name, await read(name), dtype) }
      }),
    ),
  )
}

function converted(path: string, name: string, value: Tensor, dtype: Tensor['dtype']): Tensor {
  if (value.dtype === dtype) return value
  return dtype === 'float16' ? halved(path, name, toFloat32(value)) : toFloat32(value)
}

/** @throws EngineError MODEL_TENSOR naming the first weight that no half comes near */
function halved(path: string, name: string, { shape, data }: Tensor<'float32'>): Tensor<'float16'> {
  const halves = new Uint16Array(data.length)
  for (let index = 0; index < data.length; index++) {
    const value = data[index] ?? NaN
    const half = numberToFloat16(value)
    if ((half & 0x7c00) === 0x7c00)
      throw new EngineError('MODEL_TENSOR', `${path}: tensor ${printable(name)} has the value ${value} at element ${index}; half precision holds at most ${largestFloat16}, so this model can only be kept in fp32`, {
        detail: { path, tensor: name, element: index },
      })
    halves[index] = half
  }
  return { dtype: 'float16', shape, data: halves }
}
