/** @file The opcodes of protocol 2 that torch.save uses, and the names of those that are refused. */
import { callGlobal, emptyDict, findGlobal } from './pickle-globals'
import type { PickleMachine } from './pickle-machine'
import { isKind, kindOf, type PickleDict, type PickleList, type PickleValue } from './pickle-values'
import { geometryError, readStorage } from './tensor-geometry'

interface Opcode {
  readonly name: string
  run(machine: PickleMachine): void
}

/** Integers of real checkpoints have at most ten bytes (the magic number of the old format). */
const longestInteger = 16

/** `.`, which ends a pickle and has no effect of its own. */
export const stopOpcode = 0x2e

const pushes = (value: PickleValue) => (machine: PickleMachine) => {
  machine.push(value)
}

function tuple(machine: PickleMachine, items: readonly PickleValue[]): void {
  machine.pushContainer({ kind: 'tuple', items, weight: machine.weigh(1, items) })
}

function tupleOf(count: number): (machine: PickleMachine) => void {
  return (machine) => {
    const items = Array.from({ length: count }, () => machine.pop())
    tuple(machine, items.reverse())
  }
}

function append(machine: PickleMachine, items: readonly PickleValue[]): void {
  const target = machine.top()
  if (!isKind(target, 'list')) throw machine.unexpected(target, 'a list')
  target.weight = machine.weigh(target.weight, items)
  for (const item of items) target.items.push(item)
}

function setItems(machine: PickleMachine, items: readonly PickleValue[]): void {
  const target = machine.top()
  if (!isKind(target, 'dict')) throw machine.unexpected(target, 'a dict')
  if (items.length % 2 !== 0) throw machine.invalid(`is given ${items.length} keys and values, an odd number`)
  target.weight = machine.weigh(target.weight, items)
  for (let index = 0; index < items.length; index += 2) target.entries.set(checkedKey(machine, items[index]), items[index + 1] ?? null)
}

function checkedKey(machine: PickleMachine, key: PickleValue | undefined): PickleValue {
  if (key === null || typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return key
  if (isKind(key, 'tuple')) return key
  throw machine.unexpected(key, 'a key of plain data')
}

/** Little-endian two's complement of any length. */
function longInteger(machine: PickleMachine): void {
  const length = machine.take(1).readUInt8()
  if (length > longestInteger) throw machine.limit(`an integer of ${length} bytes`)
  let value = 0n
  for (const byte of Buffer.from(machine.take(length)).reverse()) value = (value << 8n) | BigInt(byte)
  value = BigInt.asIntN(length * 8, value)
  const number = Number(value)
  machine.push(Number.isSafeInteger(number) ? number : value)
}

function global(machine: PickleMachine): void {
  const module = machine.takeLine()
  machine.push(findGlobal(machine.path, `${module}.${machine.takeLine()}`))
}

function call(machine: PickleMachine): void {
  const argument = machine.pop()
  const callee = machine.pop()
  if (!isKind(argument, 'tuple')) throw machine.unexpected(argument, 'a tuple of arguments')
  if (!isKind(callee, 'global')) throw machine.unexpected(callee, 'an allowed name')
  const value = callGlobal(machine.path, callee, argument.items)
  if (isKind(value, 'encoded')) machine.encoded.push(value)
  machine.pushContainer(value)
}

/** Object state: dropped, because the objects that may have one (Namespace, OrderedDict, numpy.dtype) are inert or plain. */
function build(machine: PickleMachine): void {
  const state = machine.pop()
  const target = machine.top()
  const namespaceState = isKind(state, 'dict') && (isKind(target, 'dict') || (isKind(target, 'inert') && target.type === 'namespace'))
  const dtypeState = isKind(state, 'tuple') && isKind(target, 'inert') && target.type === 'numpy-dtype'
  if (!namespaceState && !dtypeState) throw machine.invalid(`sets the state of ${kindOf(target)} to ${kindOf(state)}`)
}

function persistentId(machine: PickleMachine): void {
  const id = machine.pop()
  const storage = readStorage(machine.path, id)
  if (storage === undefined) throw machine.unexpected(id, "('storage', type, key, location, elements)")
  const known = machine.storages.get(storage.key)
  if (known !== undefined && (known.dtype !== storage.dtype || known.elements !== storage.elements))
    throw geometryError(machine.path, `storage ${storage.key} is described twice, differently`)
  machine.storages.set(storage.key, known ?? storage)
  machine.push(known ?? storage)
}

function protocol(machine: PickleMachine): void {
  const version = machine.take(1).readUInt8()
  if (version > 2) throw machine.invalid(`says protocol ${version}; torch.save writes 2`)
}

const list = (): PickleList => ({ kind: 'list', items: [], weight: 1 })
const dict = (): PickleDict => emptyDict()

/** By opcode byte. What is not here is refused. */
// prettier-ignore
export const opcodes: ReadonlyMap<number, Opcode> = new Map<number, Opcode>([
  [0x80, { name: 'PROTO', run: protocol }],
  [0x28, { name: 'MARK', run: (machine) => { machine.mark() } }],
  [0x4e, { name: 'NONE', run: pushes(null) }],
  [0x88, { name: 'NEWTRUE', run: pushes(true) }],
  [0x89, { name: 'NEWFALSE', run: pushes(false) }],
  [0x4b, { name: 'BININT1', run: (machine) => { machine.push(machine.take(1).readUInt8()) } }],
  [0x4d, { name: 'BININT2', run: (machine) => { machine.push(machine.take(2).readUInt16LE()) } }],
  [0x4a, { name: 'BININT', run: (machine) => { machine.push(machine.take(4).readInt32LE()) } }],
  [0x8a, { name: 'LONG1', run: longInteger }],
  [0x47, { name: 'BINFLOAT', run: (machine) => { machine.push(machine.take(8).readDoubleBE()) } }],
  [0x58, { name: 'BINUNICODE', run: (machine) => { machine.push(machine.takeText(machine.take(4).readUInt32LE(), 'utf-8')) } }],
  [0x55, { name: 'SHORT_BINSTRING', run: (machine) => { machine.push(machine.takeText(machine.take(1).readUInt8(), 'latin1')) } }],
  [0x29, { name: 'EMPTY_TUPLE', run: (machine) => { tuple(machine, []) } }],
  [0x85, { name: 'TUPLE1', run: tupleOf(1) }],
  [0x86, { name: 'TUPLE2', run: tupleOf(2) }],
  [0x87, { name: 'TUPLE3', run: tupleOf(3) }],
  [0x74, { name: 'TUPLE', run: (machine) => { tuple(machine, machine.popToMark()) } }],
  [0x5d, { name: 'EMPTY_LIST', run: (machine) => { machine.pushContainer(list()) } }],
  [0x61, { name: 'APPEND', run: (machine) => { append(machine, [machine.pop()]) } }],
  [0x65, { name: 'APPENDS', run: (machine) => { append(machine, machine.popToMark()) } }],
  [0x7d, { name: 'EMPTY_DICT', run: (machine) => { machine.pushContainer(dict()) } }],
  [0x73, { name: 'SETITEM', run: (machine) => { setItems(machine, [machine.pop(), machine.pop()].reverse()) } }],
  [0x75, { name: 'SETITEMS', run: (machine) => { setItems(machine, machine.popToMark()) } }],
  [0x71, { name: 'BINPUT', run: (machine) => { machine.remember(machine.take(1).readUInt8()) } }],
  [0x72, { name: 'LONG_BINPUT', run: (machine) => { machine.remember(machine.take(4).readUInt32LE()) } }],
  [0x68, { name: 'BINGET', run: (machine) => { machine.recall(machine.take(1).readUInt8()) } }],
  [0x6a, { name: 'LONG_BINGET', run: (machine) => { machine.recall(machine.take(4).readUInt32LE()) } }],
  [0x63, { name: 'GLOBAL', run: global }],
  [0x52, { name: 'REDUCE', run: call }],
  [0x81, { name: 'NEWOBJ', run: call }],
  [0x62, { name: 'BUILD', run: build }],
  [0x51, { name: 'BINPERSID', run: persistentId }],
])

/** Names of the opcodes that exist and are refused, for messages. */
// prettier-ignore
export const refusedOpcodes: ReadonlyMap<number, string> = new Map([
  [0x30, 'POP'], [0x31, 'POP_MARK'], [0x32, 'DUP'], [0x46, 'FLOAT'], [0x49, 'INT'], [0x4c, 'LONG'], [0x50, 'PERSID'], [0x53, 'STRING'],
  [0x54, 'BINSTRING'], [0x56, 'UNICODE'], [0x64, 'DICT'], [0x67, 'GET'], [0x69, 'INST'], [0x6c, 'LIST'], [0x6f, 'OBJ'], [0x70, 'PUT'],
  [0x82, 'EXT1'], [0x83, 'EXT2'], [0x84, 'EXT4'], [0x8b, 'LONG4'], [0x42, 'BINBYTES'], [0x43, 'SHORT_BINBYTES'], [0x8c, 'SHORT_BINUNICODE'],
  [0x8d, 'BINUNICODE8'], [0x8e, 'BINBYTES8'], [0x8f, 'EMPTY_SET'], [0x90, 'ADDITEMS'], [0x91, 'FROZENSET'], [0x92, 'NEWOBJ_EX'],
  [0x93, 'STACK_GLOBAL'], [0x94, 'MEMOIZE'], [0x95, 'FRAME'], [0x96, 'BYTEARRAY8'], [0x97, 'NEXT_BUFFER'], [0x98, 'READONLY_BUFFER'],
])
