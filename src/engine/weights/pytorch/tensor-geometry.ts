/** @file Storages and tensors as a pickle describes them, checked in exact integers before anything is read. */
import { EngineError } from '../../contract'
import type { DType } from '../../tensor'
import { printable } from '../bytes/printable'
import { isKind, kindOf, type PickleValue, type StorageReference, type TensorReference } from './pickle-values'

const maximumRank = 16
const maximumSafe = BigInt(Number.MAX_SAFE_INTEGER)

/** Element types by the name of torch's storage class. */
export const storageTypes: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['torch.FloatStorage', 'float32'],
  ['torch.DoubleStorage', 'float64'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.LongStorage', 'int64'],
  ['torch.IntStorage', 'int32'],
  ['torch.ShortStorage', 'int16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.BoolStorage', 'bool'],
])

export function geometryError(path: string, what: string): EngineError {
  return new EngineError('TENSOR_GEOMETRY', `${path}: ${what}`, { detail: { path } })
}

/**
 * Reads a persistent id `('storage', type, key, location, elements[, None])`.
 * @throws EngineError TENSOR_GEOMETRY; undefined where it is not a storage at all
 */
export function readStorage(path: string, id: PickleValue): StorageReference | undefined {
  if (!isKind(id, 'tuple') || id.items[0] !== 'storage') return undefined
  const [, type, key, location, elements, view] = id.items
  const dtype = isKind(type, 'global') ? storageTypes.get(type.name) : undefined
  const tail = id.items.length === 5 || (id.items.length === 6 && view === null)
  if (dtype === undefined || !tail || typeof location !== 'string') return undefined
  if (typeof key !== 'string' || !/^\d{1,20}$/.test(key))
    throw geometryError(path, `a storage has key ${typeof key === 'string' ? printable(key) : kindOf(key)}; digits were expected`)
  const count = integer(elements)
  if (count === undefined || count < 0n || count > maximumSafe) throw geometryError(path, `storage ${key} claims ${describe(elements)} elements`)
  return { kind: 'storage', key, dtype, elements: Number(count) }
}

/**
 * Checks the arguments of `_rebuild_tensor_v2`: every element of the view must lie inside its storage, and the view
 * may not have more elements than the storage, so that no tensor is larger than the file.
 * @throws EngineError TENSOR_GEOMETRY
 */
export function readTensorView(path: string, items: readonly PickleValue[]): TensorReference {
  const [storage, offsetValue, sizeValue, strideValue] = items
  if (!isKind(storage, 'storage')) throw geometryError(path, `a tensor is built on ${kindOf(storage)}; a storage was expected`)
  const where = `a tensor on storage ${storage.key} (${storage.elements} elements)`
  const offset = integer(offsetValue)
  const shape = integers(sizeValue)
  const strides = integers(strideValue)
  if (offset === undefined || shape === undefined || strides === undefined)
    throw geometryError(path, `${where} has an offset, size or stride that is not made of integers`)
  if (shape.length !== strides.length || shape.length > maximumRank)
    throw geometryError(path, `${where} has ${shape.length} sizes and ${strides.length} strides`)
  const numbers = `offset ${offset}, size [${shape.join(', ')}], stride [${strides.join(', ')}]`
  if (offset < 0n || shape.some((size) => size < 0n) || strides.some((stride) => stride < 0n))
    throw geometryError(path, `${where} has a negative ${numbers}`)

  const total = BigInt(storage.elements)
  const count = shape.reduce((product, size) => product * size, 1n)
  const last = shape.reduce((sum, size, axis) => sum + (size - 1n) * (strides[axis] ?? 0n), offset)
  const inside = count === 0n ? offset <= total : last < total
  if (!inside || count > total) throw geometryError(path, `${where} leaves it: ${numbers}`)
  if (count === 0n && [...shape, ...strides].some((value) => value > maximumSafe)) throw geometryError(path, `${where} is empty, yet has ${numbers}`)
  return { kind: 'tensor', storage, offset: Number(offset), shape: shape.map(Number), strides: strides.map(Number) }
}

function integer(value: PickleValue | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined
}

function integers(value: PickleValue | undefined): bigint[] | undefined {
  if (!isKind(value, 'tuple')) return undefined
  const result = value.items.map(integer)
  return result.every((item) => item !== undefined) ? result : undefined
}

function describe(value: PickleValue | undefined): string {
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : kindOf(value)
}
