/** @file One tensor on its way into a model folder: made float32, and refused unless every value is finite. */
import { EngineError } from '../../contract'
import { toFloat32, type Tensor } from '../../tensor'
import { printable } from '../bytes/printable'
import type { MatchedParameter } from '../layout/match-parameters'
import type { NamedSource } from '../safetensors/write'

const floating = new Set(['float32', 'float64', 'float16', 'bfloat16'])

/**
 * The tensor as it will be written; it is read and checked when its turn comes. `path` is for messages.
 * Its `read` throws EngineError MODEL_TENSOR when it is not floating point, MODEL_NOT_FINITE naming it and the element.
 */
export function importedTensor(path: string, { name, shape, source }: MatchedParameter): NamedSource {
  const read = async (): Promise<Tensor> => {
    if (!floating.has(source.dtype))
      throw new EngineError('MODEL_TENSOR', `${path}: tensor ${printable(name)} has elements of ${source.dtype}; floating point was expected`, {
        detail: { path, tensor: name },
      })
    const value = toFloat32(await source.read())
    checkFinite(path, name, value.data)
    return value
  }
  return { name, dtype: 'float32', shape, read }
}

/** @throws EngineError MODEL_NOT_FINITE; also for a float64 that float32 cannot hold */
function checkFinite(path: string, name: string, data: Float32Array): void {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
  for (let index = 0; index < bits.length; index++) {
    // All exponent bits set: an infinity or not a number.
    if (((bits[index] ?? 0) & 0x7f800000) !== 0x7f800000) continue
    throw new EngineError(
      'MODEL_NOT_FINITE',
      `${path}: tensor ${printable(name)} has the value ${String(data[index])} at element ${index}; weights must be finite`,
      {
        detail: { path, tensor: name, element: index },
      },
    )
  }
}
