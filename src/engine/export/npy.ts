/** @file Arrays as NumPy's .npy, version 1.0. Source: numpy/lib/format.py. */
import { EngineError } from '../contract'
import { dtypes, elementCount, elementsOf, formatShape, tensor, type DType, type Shape, type Tensor } from '../tensor'
import type { RowSource } from './embedding-rows'
import { writeVerified, type Append } from './verified-write'

const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1')
const descriptions = {
  float32: '<f4',
  float64: '<f8',
  float16: '<f2',
  int64: '<i8',
  int32: '<i4',
  int16: '<i2',
  int8: '|i1',
  uint8: '|u1',
  bool: '|b1',
} as const satisfies Partial<Record<DType, string>>

/** The element types NumPy has as well; bfloat16 is not among them. */
export type NpyDType = keyof typeof descriptions

/** Magic, header length and header dictionary, padded so that the data starts at a multiple of 64. */
export function npyHeader(dtype: NpyDType, shape: Shape): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0] ?? 0},)` : `(${shape.join(', ')})`
  const dictionary = `{'descr': '${descriptions[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`
  const unpadded = magic.length + 2 + dictionary.length + 1
  const header = `${dictionary}${' '.repeat(Math.ceil(unpadded / 64) * 64 - unpadded)}\n`
  const length = Buffer.alloc(2)
  length.writeUInt16LE(header.length)
  return Buffer.concat([magic, length, Buffer.from(header, 'latin1')])
}

/** Data that comes in parts, in row-major order, for arrays that should not be held twice. */
export interface NpyParts {
  readonly dtype: NpyDType
  readonly shape: Shape
  readonly parts: Iterable<Tensor['data']>
}

const asBytes = (data: Tensor['data']): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/**
 * Writes the array to `path`, all of it or nothing, and reads it back.
 * @throws EngineError DISK when it cannot be written or does not read back whole, INTERNAL when the parts do not fill the shape; the
 * signal's reason when cancelled
 */
export async function writeNpyParts(path: string, { dtype, shape, parts }: NpyParts, signal?: AbortSignal): Promise<void> {
  const header = npyHeader(dtype, shape)
  const dataBytes = elementCount(shape) * dtypes[dtype].bytes
  const write = async (append: Append): Promise<undefined> => {
    await append(header)
    let written = 0
    for (const part of parts) {
      await append(asBytes(part))
      written += part.byteLength
    }
    if (written !== dataBytes) throw new EngineError('INTERNAL', `writeNpyParts: shape ${formatShape(shape)} of ${dtype} needs ${dataBytes} bytes, the parts hold ${written}`)
  }
  await writeVerified(path, write, { signal })
}

/** More rows than a file system holds. A header of any fewer is as long, since headers are padded. */
const mostRows = 10 ** 12

/**
 * Writes float32 `[rows, dim]` to `path`, all of it or nothing; how many rows there are is known when the last has come.
 * @returns the number of rows
 * @throws as {@link writeNpyParts}
 */
export async function writeNpyRows(path: string, dim: number, source: RowSource, signal?: AbortSignal): Promise<number> {
  const headBytes = npyHeader('float32', [mostRows, dim]).length
  let numbers = 0
  const write = async (append: Append): Promise<Uint8Array> => {
    for await (const { vectors } of source) {
      await append(asBytes(vectors))
      numbers += vectors.length
    }
    if (numbers % dim !== 0) throw new EngineError('INTERNAL', `writeNpyRows: ${numbers} numbers are no whole rows of ${dim}`)
    return npyHeader('float32', [numbers / dim, dim])
  }
  await writeVerified(path, write, { signal, headBytes })
  return numbers / dim
}

/** {@link writeNpyParts} for a whole tensor. */
export async function writeNpy(path: string, array: Tensor<NpyDType>): Promise<void> {
  await writeNpyParts(path, { dtype: array.dtype, shape: array.shape, parts: [array.data] })
}

/**
 * Reads what {@link writeNpy} writes.
 * @throws EngineError BAD_REQUEST when the bytes are not such a file
 */
export function decodeNpy(bytes: Uint8Array): Tensor {
  const refuse = (what: string): EngineError => new EngineError('BAD_REQUEST', `decodeNpy: ${what}`)
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (file.length < magic.length + 2 || !file.subarray(0, magic.length).equals(magic)) throw refuse('not a .npy file of version 1.0')
  const start = magic.length + 2 + file.readUInt16LE(magic.length)
  const header = file.toString('latin1', magic.length + 2, start)
  const match = /^\{'descr': '([^']+)', 'fortran_order': False, 'shape': \(([\d, ]*)\), \}/.exec(header)
  const dtype = Object.entries(descriptions).find(([, description]) => description === match?.[1])?.[0] as NpyDType | undefined
  if (match?.[2] === undefined || dtype === undefined) throw refuse(`header ${JSON.stringify(header.trim())} is not understood`)
  const shape = match[2].split(',').map((part) => part.trim()).filter((part) => part !== '').map(Number)
  const data = file.subarray(start)
  if (data.length !== elementCount(shape) * dtypes[dtype].bytes) throw refuse(`shape ${formatShape(shape)} of ${dtype} does not match ${data.length} bytes of data`)
  return tensor(dtype, shape, elementsOf(dtype, data))
}
