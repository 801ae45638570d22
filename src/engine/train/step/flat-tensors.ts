/** @file The weights of one network in one array, with a view for each parameter: what is elementwise may cut it anywhere. */
import type { ParameterSpec } from '../../nn'
import { elementCount, type Tensor } from '../../tensor'

export interface FlatTensors {
  readonly data: Float32Array
  /** Views into `data` by parameter name, in order. */
  readonly tensors: ReadonlyMap<string, Tensor<'float32'>>
}

/** Zeroed storage for `parameters`. */
export function flatTensors(parameters: readonly ParameterSpec[]): FlatTensors {
  const data = new Float32Array(parameters.reduce((total, { shape }) => total + elementCount(shape), 0))
  let offset = 0
  const tensors = parameters.map(({ name, shape }) => {
    const length = elementCount(shape)
    offset += length
    return [name, { dtype: 'float32', shape, data: data.subarray(offset - length, offset) }] as const
  })
  return { data, tensors: new Map(tensors) }
}

/** The view of a parameter. */
export function tensorOf({ tensors }: FlatTensors, name: string): Tensor<'float32'> {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw new RangeError(`there is no parameter ${name}`)
  return tensor
}

/** Elements that elementwise graphs take at a time: few enough to stay near the core, enough that starting a run is a small part of it. */
export const pieceLength = 65_536

/** Pieces of at most `length` elements, as one-dimensional views. */
export function chunksOf({ data }: Tensor<'float32'>, length: number): Tensor<'float32'>[] {
  return Array.from({ length: Math.ceil(data.length / length) }, (_, index) => {
    const piece = data.subarray(index * length, (index + 1) * length)
    return { dtype: 'float32', shape: [piece.length], data: piece }
  })
}
