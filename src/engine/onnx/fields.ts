/** @file What the readers of ONNX share: a protobuf field as the kind of value it should be. */
import { EngineError } from '../contract'
import { readFields, readVarint, type ProtobufField } from './protobuf'

export function malformed(reason: string): EngineError {
  return new EngineError('MODEL_HEADER', `ONNX: ${reason}`)
}

export function integer(field: ProtobufField): number {
  if (field.kind !== 'integer') throw malformed(`field ${field.field} should be an integer`)
  const value = BigInt.asIntN(64, field.value)
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) throw malformed(`the number ${value} is out of range`)
  return Number(value)
}

/** Repeated integers come packed or one by one. */
export function integers(field: ProtobufField): number[] {
  if (field.kind !== 'bytes') return [integer(field)]
  const values: number[] = []
  for (let position = 0; position < field.value.length; ) {
    const [value, next] = readVarint(field.value, position)
    values.push(integer({ field: field.field, kind: 'integer', value }))
    position = next
  }
  return values
}

export function floats(field: ProtobufField): number[] {
  if (field.kind === 'fixed32') return [field.value]
  const bytes = blob(field)
  if (bytes.length % 4 !== 0) throw malformed('a packed list of floats has a broken length')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(4 * index, true))
}

export function blob(field: ProtobufField): Uint8Array {
  if (field.kind !== 'bytes') throw malformed(`field ${field.field} should be bytes`)
  return field.value
}

export function text(field: ProtobufField): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(blob(field))
  } catch (cause) {
    throw cause instanceof EngineError ? cause : malformed(`field ${field.field} is not UTF-8`)
  }
}

/** A StringStringEntryProto. */
export function readEntry(bytes: Uint8Array): [key: string, value: string] {
  let key = ''
  let value = ''
  for (const field of readFields(bytes)) {
    if (field.field === 1) key = text(field)
    else if (field.field === 2) value = text(field)
  }
  return [key, value]
}
