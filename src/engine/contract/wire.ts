/** @file Messages as bytes, for transports without structured clone: JSON with typed arrays carried beside it. */

type TypedArray = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array

const constructors = {
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
} as const
type ArrayName = keyof typeof constructors

interface Placeholder {
  readonly $array: ArrayName
  readonly offset: number
  readonly length: number
}

const alignment = 8
const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment

function arrayName(value: TypedArray): ArrayName {
  // A Node Buffer is a Uint8Array whose constructor has another name.
  const name = value.constructor.name
  return name in constructors ? (name as ArrayName) : 'Uint8Array'
}

function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
}

/**
 * Layout: uint32 JSON length (little-endian), 4 zero bytes, JSON padded to 8, then each array's bytes padded to 8.
 * Offsets in the JSON count from the start of the array section.
 */
export function encodeMessage(message: unknown): Uint8Array<ArrayBuffer> {
  const arrays: TypedArray[] = []
  let arrayBytes = 0
  const json = JSON.stringify(message, function (this: unknown, key: string, value: unknown): unknown {
    // Buffers are turned into {type:'Buffer'} by toJSON before the replacer sees them, so look at the holder.
    const original = (this as Record<string, unknown>)[key]
    if (!isTypedArray(original)) return value
    const placeholder: Placeholder = { $array: arrayName(original), offset: arrayBytes, length: original.length }
    arrays.push(original)
    arrayBytes += align(original.byteLength)
    return placeholder
  })
  const text = new TextEncoder().encode(json)
  const start = 8 + align(text.length)
  const bytes = new Uint8Array(start + arrayBytes)
  new DataView(bytes.buffer).setUint32(0, text.length, true)
  bytes.set(text, 8)
  let offset = start
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offset)
    offset += align(array.byteLength)
  }
  return bytes
}

/**
 * The inverse of {@link encodeMessage}. Typed arrays are copies, so they own their memory.
 * @throws RangeError or SyntaxError when the bytes are not such a message
 */
export function decodeMessage(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const textLength = view.getUint32(0, true)
  if (8 + textLength > bytes.length) throw new RangeError('wire message is shorter than its header says')
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + textLength))
  const start = 8 + align(textLength)
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$array' in value)) return value
    const { $array, offset, length } = value as Placeholder
    const constructor = constructors[$array]
    const byteLength = length * constructor.BYTES_PER_ELEMENT
    const from = start + offset
    if (!(offset >= 0 && length >= 0 && from + byteLength <= bytes.length)) throw new RangeError('wire array lies outside its message')
    // Not bytes.slice: of a Node Buffer that is a view into memory shared with others.
    return new constructor(new Uint8Array(bytes.subarray(from, from + byteLength)).buffer)
  })
}
