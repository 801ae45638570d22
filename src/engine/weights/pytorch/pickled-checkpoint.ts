/** @file From an unpickled value to the state dicts in it, each tensor bound to its storage. */
import { EngineError } from '../../contract'
import { dtypes } from '../../tensor'
import type { Checkpoint, StateDict, TensorSource } from '../bytes/tensor-source'
import { isKind, kindOf, type PickleValue, type StorageReference, type TensorReference } from './pickle-values'
import { geometryError } from './tensor-geometry'
import { readView } from './tensor-view'

/** Gets the bytes of one storage. */
export type ReadStorage = (storage: StorageReference) => Promise<Buffer>

/** One storage is read whole, so that its checksum can be verified; the largest of an official model has 50 MB. */
const maximumStorageBytes = 2 ** 31

/** Bytes a storage must have. */
export function storageBytes({ dtype, elements }: StorageReference): number {
  return elements * dtypes[dtype].bytes
}

/** @throws EngineError TENSOR_GEOMETRY when what the file holds for a storage is not what its pickle says */
export function checkStorage(path: string, storage: StorageReference, heldBytes: number | undefined): void {
  if (heldBytes === undefined) throw geometryError(path, `storage ${storage.key} is not in the file`)
  if (heldBytes !== storageBytes(storage))
    throw geometryError(
      path,
      `storage ${storage.key} should have ${storage.elements} × ${dtypes[storage.dtype].bytes} bytes, the file has ${heldBytes}`,
    )
  if (heldBytes > maximumStorageBytes)
    throw new EngineError('MODEL_UNSUPPORTED', `${path}: storage ${storage.key} has ${heldBytes} bytes; at most ${maximumStorageBytes} are read`, {
      detail: { path },
    })
}

/**
 * The tensors at the top of the value, and those one dict below.
 * @throws EngineError MODEL_UNSUPPORTED when the value is not a dict
 */
export function pickledGroups(path: string, value: PickleValue, readStorage: ReadStorage): Checkpoint['groups'] {
  if (!isKind(value, 'dict'))
    throw new EngineError('MODEL_UNSUPPORTED', `${path} holds ${kindOf(value)}; a dict of tensors or of state dicts was expected`, {
      detail: { path },
    })
  const read = keepLast(readStorage)
  const groups = new Map<string, StateDict>()
  const top = tensorsOf(value.entries, read)
  if (top.size > 0) groups.set('', top)
  for (const [name, nested] of value.entries) {
    if (typeof name !== 'string' || !isKind(nested, 'dict')) continue
    const tensors = tensorsOf(nested.entries, read)
    if (tensors.size > 0) groups.set(name, tensors)
  }
  return groups
}

const mostClasses = 10_000

/** The items of a list or tuple; none of anything else. */
function itemsOf(value: PickleValue | undefined): readonly PickleValue[] {
  return value !== undefined && (isKind(value, 'list') || isKind(value, 'tuple')) ? value.items : []
}

/** What a segmentation checkpoint of mmsegmentation says in `meta`: CLASSES and PALETTE. Other forms are passed over. */
export function pickledClasses(value: PickleValue): NonNullable<Checkpoint['classes']> {
  const meta = isKind(value, 'dict') ? value.entries.get('meta') : undefined
  if (meta === undefined || !isKind(meta, 'dict')) return []
  const palette = itemsOf(meta.entries.get('PALETTE')).map(itemsOf)
  return itemsOf(meta.entries.get('CLASSES'))
    .slice(0, mostClasses)
    .map((name, index) => {
      const colour = palette[index]?.map(Number)
      const [red, green, blue] = colour ?? []
      const isColour = colour?.length === 3 && colour.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)
      return { name: typeof name === 'string' ? name.slice(0, 200) : `Class ${index + 1}`, colour: isColour && red !== undefined && green !== undefined && blue !== undefined ? [red, green, blue] : undefined }
    })
}

function tensorsOf(entries: ReadonlyMap<PickleValue, PickleValue>, readStorage: ReadStorage): StateDict {
  const tensors = new Map<string, TensorSource>()
  for (const [name, value] of entries) if (typeof name === 'string' && isKind(value, 'tensor')) tensors.set(name, sourceOf(value, readStorage))
  return tensors
}

function sourceOf(view: TensorReference, readStorage: ReadStorage): TensorSource {
  return { dtype: view.storage.dtype, shape: view.shape, read: async () => readView(view, await readStorage(view.storage)) }
}

/** Tensors that share a storage mostly follow each other. */
function keepLast(readStorage: ReadStorage): ReadStorage {
  let last: { readonly key: string; readonly bytes: Promise<Buffer> } | undefined
  return (storage) => {
    if (last?.key !== storage.key) last = { key: storage.key, bytes: readStorage(storage) }
    return last.bytes
  }
}
