/** @file Element types: their size, their typed array, and their numbers in safetensors and ONNX. */

/** The element types the engine computes with or reads from weight files. */
export type DType = 'float32' | 'float64' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool'

export interface DTypeInfo {
  readonly bytes: number
  /** `TensorProto.DataType` in onnx.proto. */
  readonly onnx: number
  /** The dtype string of the safetensors header. */
  readonly safetensors: string
}

export const dtypes: Readonly<Record<DType, DTypeInfo>> = {
  float32: { bytes: 4, onnx: 1, safetensors: 'F32' },
  float64: { bytes: 8, onnx: 11, safetensors: 'F64' },
  float16: { bytes: 2, onnx: 10, safetensors: 'F16' },
  bfloat16: { bytes: 2, onnx: 16, safetensors: 'BF16' },
  int64: { bytes: 8, onnx: 7, safetensors: 'I64' },
  int32: { bytes: 4, onnx: 6, safetensors: 'I32' },
  int16: { bytes: 2, onnx: 5, safetensors: 'I16' },
  int8: { bytes: 1, onnx: 3, safetensors: 'I8' },
  uint8: { bytes: 1, onnx: 2, safetensors: 'U8' },
  bool: { bytes: 1, onnx: 9, safetensors: 'BOOL' },
}

/** The typed array that holds each dtype; float16 and bfloat16 are kept as their bit patterns. */
export interface DTypeArrays {
  readonly float32: Float32Array
  readonly float64: Float64Array
  readonly float16: Uint16Array
  readonly bfloat16: Uint16Array
  readonly int64: BigInt64Array
  readonly int32: Int32Array
  readonly int16: Int16Array
  readonly int8: Int8Array
  readonly uint8: Uint8Array
  readonly bool: Uint8Array
}

const arrayConstructors = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const

/** A zeroed typed array for `length` elements of `dtype`. */
export function allocate<D extends DType>(dtype: D, length: number): DTypeArrays[D] {
  return new arrayConstructors[dtype](length) as unknown as DTypeArrays[D]
}

/** Reads little-endian bytes as elements of `dtype`; a view where alignment allows, else a copy. */
export function elementsOf<D extends DType>(dtype: D, bytes: Uint8Array): DTypeArrays[D] {
  const size = dtypes[dtype].bytes
  // Not bytes.slice(): a Buffer's gives a view as badly aligned.
  const aligned = bytes.byteOffset % size === 0 ? bytes : Uint8Array.from(bytes)
  return new arrayConstructors[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size) as unknown as DTypeArrays[D]
}
