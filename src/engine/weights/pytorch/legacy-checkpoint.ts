/** @file A PyTorch file in the format before 1.6: five pickles in a row, then the storages, each behind its length. */
import { EngineError, isEngineError } from '../../contract'
import type { ByteSource } from '../bytes/byte-source'
import type { Checkpoint } from '../bytes/tensor-source'
import { isKind, type PickleValue, type StorageReference } from './pickle-values'
import { checkStorage, pickledClasses, pickledGroups, storageBytes } from './pickled-checkpoint'
import { geometryError } from './tensor-geometry'
import { maximumPickleBytes, unpickle } from './unpickle'

const magicNumber = 0x1950a86a20f9469cfc6cn
const protocolVersion = 1001
/** Before each storage stands its number of elements. */
const countBytes = 8
/** How much of the file is tried first; the pickles of a backbone have some 30 kB. */
const firstBytes = 2 ** 18

/** The first bytes of such a file: the pickle of the magic number begins. */
export const legacyMagic = Buffer.from('80028a0a6cfc9c46f920', 'hex')

interface Pickles {
  readonly value: PickleValue
  readonly storages: ReadonlyMap<string, StorageReference>
  readonly keys: readonly string[]
  readonly end: number
}

/**
 * Opens a checkpoint; its tensors are read later, one at a time.
 * @throws EngineError MODEL_UNSUPPORTED, PICKLE_OPCODE, PICKLE_GLOBAL, PICKLE_LIMIT, TENSOR_GEOMETRY
 */
export async function openLegacyCheckpoint(source: ByteSource): Promise<Checkpoint> {
  const { value, storages, keys, end } = await readPickles(source)
  const offsets = await placeStorages(source, storages, keys, end)
  const readStorage = async (storage: StorageReference): Promise<Buffer> => source.read(offsets.get(storage.key) ?? 0, storageBytes(storage))
  return { format: 'pytorch-legacy', groups: pickledGroups(source.name, value, readStorage), classes: pickledClasses(value), close: () => source.close() }
}

/** The length of the pickles is written nowhere, so more of the file is tried as long as they run off what was read. */
async function readPickles(source: ByteSource): Promise<Pickles> {
  const most = Math.min(source.size, maximumPickleBytes)
  for (let size = Math.min(firstBytes, most); ; size = Math.min(size * 16, most)) {
    const bytes = await source.read(0, size)
    try {
      return parsePickles(source.name, bytes)
    } catch (error) {
      const truncated = isEngineError(error) && error.detail?.truncated === true
      if (!truncated || size === most) throw error
    }
  }
}

function parsePickles(path: string, bytes: Buffer): Pickles {
  const magic = unpickle(path, bytes)
  const unsupported = (what: string): EngineError => new EngineError('MODEL_UNSUPPORTED', `${path} ${what}`, { detail: { path } })
  if (magic.value !== magicNumber) throw unsupported('is a pickle, but not one that torch.save wrote')
  const protocol = unpickle(path, bytes, magic.end)
  if (protocol.value !== protocolVersion) throw unsupported(`has format version ${typeof protocol.value === 'number' ? protocol.value : 'of another kind'}; ${protocolVersion} was expected`)
  const system = unpickle(path, bytes, protocol.end)
  if (!isKind(system.value, 'dict') || system.value.entries.get('little_endian') !== true)
    throw unsupported('was written on a machine of another byte order')
  const main = unpickle(path, bytes, system.end)
  const list = unpickle(path, bytes, main.end)
  const keys = isKind(list.value, 'list') ? list.value.items : []
  if (!isKind(list.value, 'list') || !keys.every((key) => typeof key === 'string') || new Set(keys).size !== keys.length)
    throw geometryError(path, 'the list of storages is not a list of different names')
  return { value: main.value, storages: main.storages, keys, end: list.end }
}

/** Byte offsets of the storages, which must fill the rest of the file exactly. */
async function placeStorages(
  source: ByteSource,
  storages: ReadonlyMap<string, StorageReference>,
  keys: readonly string[],
  start: number,
): Promise<ReadonlyMap<string, number>> {
  const offsets = new Map<string, number>()
  let position = start
  for (const key of keys) {
    const storage = storages.get(key)
    if (storage === undefined) throw geometryError(source.name, `storage ${key} is listed, but no tensor uses it`)
    const end = position + countBytes + storageBytes(storage)
    if (end > source.size) throw geometryError(source.name, `storage ${key} ends at byte ${end}, the file has ${source.size}`)
    const count = (await source.read(position, countBytes)).readBigInt64LE()
    if (count !== BigInt(storage.elements))
      throw geometryError(source.name, `storage ${key} has ${count} elements, its tensors say ${storage.elements}`)
    checkStorage(source.name, storage, storageBytes(storage))
    offsets.set(key, position + countBytes)
    position = end
  }
  const missing = [...storages.keys()].find((key) => !offsets.has(key))
  if (missing !== undefined) throw geometryError(source.name, `storage ${missing} is not in the file`)
  if (position !== source.size) throw geometryError(source.name, `the storages end at byte ${position}, the file has ${source.size}`)
  return offsets
}
