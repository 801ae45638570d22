/** @file The allow-list of names a pickle may use, and what each of them does. Nothing outside this file is ever called. */
import { EngineError } from '../../contract'
import { printable } from '../bytes/printable'
import { isKind, type EncodedBytes, type InertRecord, type PickleDict, type PickleGlobal, type PickleValue } from './pickle-values'
import { geometryError, readTensorView, storageTypes } from './tensor-geometry'

/** Calls a global with its arguments; undefined when the arguments are not what real checkpoints pass. */
type Rebuild = (path: string, items: readonly PickleValue[]) => PickleValue | undefined

const longestNumberBytes = 16

export function emptyDict(): PickleDict {
  return { kind: 'dict', entries: new Map(), weight: 1 }
}

function inert(type: InertRecord['type']): InertRecord {
  return { kind: 'inert', type }
}

const orderedDict: Rebuild = (_path, items) => (items.length === 0 ? emptyDict() : undefined)

const set: Rebuild = (_path, items) => (items.length === 0 || (items.length === 1 && isKind(items[0], 'list')) ? inert('set') : undefined)

/** (storage, offset, size, stride, requires_grad, backward_hooks[, metadata]) */
const rebuildTensor: Rebuild = (path, items) => (items.length === 6 || items.length === 7 ? readTensorView(path, items) : undefined)

/** (data, requires_grad, backward_hooks) */
const rebuildParameter: Rebuild = (_path, items) => (items.length === 3 && isKind(items[0], 'tensor') ? items[0] : undefined)

/** numpy.dtype('f8', False, True): numbers only, no objects or records. */
const numpyDtype: Rebuild = (_path, items) =>
  typeof items[0] === 'string' && /^[<|=]?[bfiu]\d{1,2}$/.test(items[0]) ? inert('numpy-dtype') : undefined

/** numpy scalar(dtype, bytes), as the learning rate of a schedule. Its value is not needed. */
const numpyScalar: Rebuild = (_path, items) => {
  const [dtype, bytes] = items
  if (items.length !== 2 || !isKind(dtype, 'inert') || dtype.type !== 'numpy-dtype' || !isKind(bytes, 'encoded')) return undefined
  bytes.used = true
  return inert('numpy-scalar')
}

/** Protocol 2 writes bytes as `_codecs.encode(text, 'latin1')`. Let through for a number's bytes, see `used`. */
const encode: Rebuild = (_path, items) => {
  const [text, codec] = items
  const result: EncodedBytes = { kind: 'encoded', used: false }
  return items.length === 2 && typeof text === 'string' && text.length <= longestNumberBytes && codec === 'latin1' ? result : undefined
}

const namespace: Rebuild = (_path, items) => (items.length === 0 ? inert('namespace') : undefined)

const rebuilds: ReadonlyMap<string, Rebuild> = new Map([
  ['collections.OrderedDict', orderedDict],
  ['__builtin__.set', set],
  ['builtins.set', set],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_parameter', rebuildParameter],
  ['argparse.Namespace', namespace],
  ['numpy.dtype', numpyDtype],
  ['numpy.core.multiarray.scalar', numpyScalar],
  ['numpy._core.multiarray.scalar', numpyScalar],
  ['_codecs.encode', encode],
])

const sparse = /^torch\._utils\._rebuild_(sparse|nested)\w*tensor$/

export function globalError(path: string, name: string, what: string): EngineError {
  return new EngineError('PICKLE_GLOBAL', `${path}: the pickle ${what} ${printable(name)}`, { detail: { path, global: name } })
}

/**
 * Looks a name up in the allow-list.
 * @throws EngineError PICKLE_GLOBAL naming it, TENSOR_GEOMETRY for tensors that are not dense
 */
export function findGlobal(path: string, name: string): PickleGlobal {
  if (sparse.test(name)) throw geometryError(path, `a tensor is not dense (${name})`)
  if (!rebuilds.has(name) && !storageTypes.has(name))
    throw globalError(path, name, 'asks for something that is not a tensor or plain data (a state_dict is needed):')
  return { kind: 'global', name }
}

/**
 * Calls an allowed global, with the argument forms of real checkpoints only.
 * @throws EngineError PICKLE_GLOBAL, TENSOR_GEOMETRY
 */
export function callGlobal(path: string, { name }: PickleGlobal, items: readonly PickleValue[]): PickleValue {
  const result = rebuilds.get(name)?.(path, items)
  if (result === undefined) throw globalError(path, name, 'passes unexpected arguments to')
  return result
}
