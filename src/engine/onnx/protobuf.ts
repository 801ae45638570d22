/** @file The protobuf wire format: the few primitives that ONNX files need, reading and writing. */
import { EngineError } from '../contract'

const varint = 0
const fixed64 = 1
const lengthDelimited = 2
const fixed32 = 5

/** Appends fields to a growing byte buffer. Nested messages are written by a callback. */
export class ProtobufWriter {
  private bytes = new Uint8Array(1024)
  private length = 0

  /** int32, int64, bool or enum; negatives as 64-bit two's complement. */
  integer(field: number, value: number | bigint): void {
    this.tag(field, varint)
    this.varint(BigInt.asUintN(64, BigInt(value)))
  }

  float(field: number, value: number): void {
    this.tag(field, fixed32)
    this.reserve(4)
    new DataView(this.bytes.buffer).setFloat32(this.length, value, true)
    this.length += 4
  }

  string(field: number, value: string): void {
    this.blob(field, new TextEncoder().encode(value))
  }

  blob(field: number, value: Uint8Array): void {
    this.blobStart(field, value.length)
    this.append(value)
  }

  /** What precedes a blob of `length` bytes; the bytes themselves are left to the caller. */
  blobStart(field: number, length: number): void {
    this.tag(field, lengthDelimited)
    this.varint(BigInt(length))
  }

  message(field: number, write: (writer: ProtobufWriter) => void): void {
    const nested = new ProtobufWriter()
    write(nested)
    this.blob(field, nested.finish())
  }

  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  private tag(field: number, wireType: number): void {
    this.varint(BigInt(field * 8 + wireType))
  }

  private varint(value: bigint): void {
    this.reserve(10)
    let rest = value
    while (rest >= 0x80n) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.bytes[this.length++] = Number(rest)
  }

  private append(value: Uint8Array): void {
    this.reserve(value.length)
    this.bytes.set(value, this.length)
    this.length += value.length
  }

  private reserve(extra: number): void {
    if (this.length + extra <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + extra))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }
}

/** One field as it stands in the bytes. */
export type ProtobufField =
  | { readonly field: number; readonly kind: 'integer'; readonly value: bigint }
  | { readonly field: number; readonly kind: 'fixed32'; readonly value: number }
  | { readonly field: number; readonly kind: 'fixed64'; readonly value: number }
  | { readonly field: number; readonly kind: 'bytes'; readonly value: Uint8Array }

function malformed(reason: string): EngineError {
  return new EngineError('MODEL_HEADER', `protobuf: ${reason}`)
}

/**
 * One base-128 number at `start`, as unsigned 64 bits.
 * @throws EngineError MODEL_HEADER when it runs past the end or over ten bytes
 */
export function readVarint(bytes: Uint8Array, start: number): [value: bigint, next: number] {
  let value = 0n
  for (let index = 0; index < 10; index++) {
    const byte = bytes[start + index]
    if (byte === undefined) throw malformed('a number runs past the end')
    value |= BigInt(byte & 0x7f) << BigInt(7 * index)
    if (byte < 0x80) return [BigInt.asUintN(64, value), start + index + 1]
  }
  throw malformed('a number has more than ten bytes')
}

/**
 * Walks the fields of one message without interpreting them.
 * @throws EngineError MODEL_HEADER when a field runs past the end or has a group's wire type
 */
export function* readFields(bytes: Uint8Array): Generator<ProtobufField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let position = 0
  const take = (size: number): number => {
    const start = position
    if (start + size > bytes.length) throw malformed(`a field of ${size} bytes runs past the end`)
    position += size
    return start
  }
  while (position < bytes.length) {
    const [tag, afterTag] = readVarint(bytes, position)
    position = afterTag
    const field = Number(tag >> 3n)
    const wireType = Number(tag & 7n)
    if (wireType === varint) {
      const [value, next] = readVarint(bytes, position)
      position = next
      yield { field, kind: 'integer', value }
    } else if (wireType === fixed32) {
      yield { field, kind: 'fixed32', value: view.getFloat32(take(4), true) }
    } else if (wireType === fixed64) {
      yield { field, kind: 'fixed64', value: view.getFloat64(take(8), true) }
    } else if (wireType === lengthDelimited) {
      const [length, next] = readVarint(bytes, position)
      position = next
      if (length > BigInt(bytes.length)) throw malformed(`a field claims ${length} bytes in a message of ${bytes.length}`)
      const start = take(Number(length))
      yield { field, kind: 'bytes', value: bytes.subarray(start, position) }
    } else {
      throw malformed(`wire type ${wireType} is not used by ONNX`)
    }
  }
}
