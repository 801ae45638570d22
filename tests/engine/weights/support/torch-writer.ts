/** @file Writes PyTorch files in both formats, as torch.save does, from our own tensors. */
import type { DType, Tensor } from '../../../../src/engine/tensor'
import { callOf, op, pickle, pushValue, type PlainValue } from './pickle-writer'
import { writeZip, type ZipFile, type ZipOptions } from './zip-writer'

export type SavedDict = ReadonlyMap<string, Tensor | PlainValue | ReadonlyMap<string, unknown>>
/** What a checkpoint is made of. Buffers are opcodes already written. */
export type SavedValue = Tensor | SavedDict | PlainValue

const storageNames: Partial<Record<DType, string>> = {
  float32: 'FloatStorage',
  float64: 'DoubleStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
}

interface Storage {
  readonly key: string
  readonly bytes: Buffer
  readonly elements: number
}

/** The opcodes that push a storage by its persistent id. `legacy` has a sixth item. */
export function pushStorage(type: string, key: string, elements: number | bigint, legacy = false): Buffer {
  const items: PlainValue[] = ['storage', op.global('torch', type), key, 'cpu', elements, ...(legacy ? [null] : [])]
  return Buffer.concat([pushValue({ tuple: items }), op.persistentId])
}

/** The opcodes that push a view of a storage. */
export function pushView(storage: Buffer, offset: number | bigint, size: readonly (number | bigint)[], stride: readonly (number | bigint)[]): Buffer {
  return callOf(
    'torch._utils',
    '_rebuild_tensor_v2',
    storage,
    offset,
    { tuple: size },
    { tuple: stride },
    false,
    callOf('collections', 'OrderedDict'),
  )
}

function isTensor(value: SavedValue): value is Tensor {
  return typeof value === 'object' && value !== null && 'dtype' in value
}

function collect(value: SavedValue, legacy: boolean, storages: Storage[]): Buffer {
  if (isTensor(value)) {
    const { data, shape, dtype } = value
    const key = legacy ? String(94_000_000_000 + storages.length * 16) : String(storages.length)
    storages.push({ key, elements: data.length, bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength) })
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))
    return pushView(pushStorage(storageNames[dtype] ?? '', key, data.length, legacy), 0, shape, strides)
  }
  if (value instanceof Map) {
    const items = Array.from(value as ReadonlyMap<string, SavedValue>).flatMap(([name, item]) => [pushValue(name), collect(item, legacy, storages)])
    return Buffer.concat([callOf('collections', 'OrderedDict'), op.mark, ...items, op.setItems])
  }
  return pushValue(value as PlainValue)
}

export interface TorchZipOptions extends ZipOptions {
  readonly root?: string
  readonly byteOrder?: string
  readonly extra?: readonly ZipFile[]
  readonly deflate?: boolean
}

/** The pickle of the zip format and the records it refers to. */
export function torchPickle(value: SavedValue): { readonly main: Buffer; readonly records: ReadonlyMap<string, Buffer> } {
  const storages: Storage[] = []
  const main = pickle(collect(value, false, storages))
  return { main, records: new Map(storages.map(({ key, bytes }) => [key, bytes])) }
}

/** The zip format: `root/data.pkl`, `root/data/N`, `root/version`. */
export function torchZip(value: SavedValue, options: TorchZipOptions = {}): Buffer {
  const { main, records } = torchPickle(value)
  return torchArchive(main, records, options)
}

/** An archive around any pickle and any records. */
export function torchArchive(
  main: Buffer,
  records: ReadonlyMap<string, Buffer> = new Map(),
  { root = 'archive', byteOrder = 'little', extra = [], deflate, ...options }: TorchZipOptions = {},
): Buffer {
  const files: ZipFile[] = [
    { name: `${root}/data.pkl`, data: main, deflate, padding: 17 },
    { name: `${root}/byteorder`, data: Buffer.from(byteOrder) },
    ...Array.from(records, ([key, data]): ZipFile => ({ name: `${root}/data/${key}`, data, deflate, padding: 5 })),
    { name: `${root}/version`, data: Buffer.from('3\n') },
    ...extra,
  ]
  return writeZip(files, { zip64: true, ...options })
}

/** The format before 1.6: magic, version, system, value, keys, storages. */
export function torchLegacy(value: SavedValue): Buffer {
  const storages: Storage[] = []
  const main = pickle(collect(value, true, storages))
  return legacyFile(main, storages)
}

export function legacyFile(main: Buffer, storages: readonly Storage[]): Buffer {
  const system = new Map<PlainValue, PlainValue>([
    ['protocol_version', 1001],
    ['little_endian', true],
    ['type_sizes', new Map<PlainValue, PlainValue>([['short', 2]])],
  ])
  const counted = storages.flatMap(({ bytes, elements }) => {
    const count = Buffer.alloc(8)
    count.writeBigInt64LE(BigInt(elements))
    return [count, bytes]
  })
  const magic = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex')
  return Buffer.concat([
    magic,
    pickle(pushValue(1001)),
    pickle(pushValue(system)),
    main,
    pickle(pushValue(storages.map(({ key }) => key))),
    ...counted,
  ])
}
