/** @file Writes pickles opcode by opcode, honest ones and others. */

/** Single opcodes, and those with an argument. */
export const op = {
  stop: Buffer.from('.'),
  mark: Buffer.from('('),
  none: Buffer.from('N'),
  true: Buffer.from([0x88]),
  false: Buffer.from([0x89]),
  emptyTuple: Buffer.from(')'),
  emptyList: Buffer.from(']'),
  emptyDict: Buffer.from('}'),
  tuple: Buffer.from('t'),
  tuple1: Buffer.from([0x85]),
  tuple2: Buffer.from([0x86]),
  appends: Buffer.from('e'),
  setItem: Buffer.from('s'),
  setItems: Buffer.from('u'),
  reduce: Buffer.from('R'),
  newObject: Buffer.from([0x81]),
  build: Buffer.from('b'),
  persistentId: Buffer.from('Q'),
  protocol: (version: number): Buffer => Buffer.from([0x80, version]),
  global: (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`),
  put: (index: number): Buffer => withUint32('r', index),
  get: (index: number): Buffer => withUint32('j', index),
} as const

function withUint32(opcode: string, value: number): Buffer {
  const buffer = Buffer.alloc(5)
  buffer.write(opcode, 'latin1')
  buffer.writeUInt32LE(value, 1)
  return buffer
}

/** A tuple, which JavaScript does not have. */
export interface TupleValue {
  readonly tuple: readonly PlainValue[]
}
/** Maps are dicts, arrays are lists, buffers are opcodes already written. */
export type PlainValue = null | boolean | number | bigint | string | Buffer | TupleValue | readonly PlainValue[] | ReadonlyMap<PlainValue, PlainValue>

/** The opcodes that push a value. */
export function pushValue(value: PlainValue): Buffer {
  if (value === null) return op.none
  if (typeof value === 'boolean') return value ? op.true : op.false
  if (typeof value === 'number' && !Number.isInteger(value)) return binaryFloat(value)
  if (typeof value === 'number' || typeof value === 'bigint') return integer(BigInt(value))
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    return Buffer.concat([withUint32('X', bytes.length), bytes])
  }
  if (Buffer.isBuffer(value)) return value
  if (value instanceof Map)
    return Buffer.concat([
      op.emptyDict,
      op.mark,
      ...Array.from(value as ReadonlyMap<PlainValue, PlainValue>)
        .flat()
        .map(pushValue),
      op.setItems,
    ])
  if ('tuple' in value) return Buffer.concat([op.mark, ...value.tuple.map(pushValue), op.tuple])
  return Buffer.concat([op.emptyList, op.mark, ...(value as readonly PlainValue[]).map(pushValue), op.appends])
}

function binaryFloat(value: number): Buffer {
  const buffer = Buffer.alloc(9)
  buffer.write('G', 'latin1')
  buffer.writeDoubleBE(value, 1)
  return buffer
}

function integer(value: bigint): Buffer {
  if (value >= 0n && value < 256n) return Buffer.from([0x4b, Number(value)])
  if (value >= -(2n ** 31n) && value < 2n ** 31n) {
    const buffer = Buffer.alloc(5)
    buffer.write('J', 'latin1')
    buffer.writeInt32LE(Number(value), 1)
    return buffer
  }
  const bytes: number[] = []
  for (let rest = BigInt.asUintN(128, value); bytes.length < 16; rest >>= 8n) bytes.push(Number(rest & 0xffn))
  return Buffer.from([0x8a, bytes.length, ...bytes])
}

/** A whole pickle of protocol 2 around opcodes that leave one value. */
export function pickle(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([op.protocol(2), ...parts, op.stop])
}

/** Calls a global. */
export function callOf(module: string, name: string, ...items: readonly PlainValue[]): Buffer {
  return Buffer.concat([op.global(module, name), pushValue({ tuple: items }), op.reduce])
}
