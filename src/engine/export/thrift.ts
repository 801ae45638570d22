/** @file Thrift's compact protocol, as far as Parquet's headers need it. Source: apache/thrift doc/specs/thrift-compact-protocol.md. */

/** A value with its type on the wire. */
export type ThriftValue =
  | { readonly kind: 'i32' | 'i64'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'list'; readonly of: ItemKind; readonly items: readonly ThriftValue[] }
  | ThriftStruct

/** Fields by their number, rising; those that are undefined are left out. */
export interface ThriftStruct {
  readonly kind: 'struct'
  readonly fields: readonly (readonly [id: number, value: ThriftValue | undefined])[]
}

type ItemKind = 'i32' | 'text' | 'struct'

const typeCodes = { i32: 5, i64: 6, text: 8, list: 9, struct: 12 } as const
const [booleanTrue, booleanFalse] = [1, 2]
/** Beyond it a list or a field number takes another form. */
const shortest = 15

export const i32 = (value: number): ThriftValue => ({ kind: 'i32', value })
export const i64 = (value: number): ThriftValue => ({ kind: 'i64', value })
export const boolean = (value: boolean): ThriftValue => ({ kind: 'boolean', value })
export const text = (value: string): ThriftValue => ({ kind: 'text', value })
export const list = (of: ItemKind, items: readonly ThriftValue[]): ThriftValue => ({ kind: 'list', of, items })
export const struct = (...fields: ThriftStruct['fields']): ThriftStruct => ({ kind: 'struct', fields })

/** Seven bits a byte, lowest first. Numbers up to 2^53 without bit operations, which stop at 32. */
export function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) + 128)
  }
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)

function append(bytes: number[], value: ThriftValue): void {
  switch (value.kind) {
    case 'i32':
    case 'i64':
      bytes.push(...varint(zigzag(value.value)))
      return
    case 'boolean':
      bytes.push(value.value ? booleanTrue : booleanFalse)
      return
    case 'text': {
      const encoded = Buffer.from(value.value, 'utf8')
      bytes.push(...varint(encoded.length))
      for (const byte of encoded) bytes.push(byte)
      return
    }
    case 'list': {
      const { items, of } = value
      bytes.push((Math.min(items.length, shortest) << 4) | typeCodes[of], ...(items.length < shortest ? [] : varint(items.length)))
      for (const item of items) append(bytes, item)
      return
    }
    case 'struct':
      appendFields(bytes, value)
  }
}

function appendFields(bytes: number[], { fields }: ThriftStruct): void {
  let last = 0
  for (const [id, value] of fields) {
    if (value === undefined) continue
    // A boolean is told by its type alone.
    const code = value.kind === 'boolean' ? (value.value ? booleanTrue : booleanFalse) : typeCodes[value.kind]
    const step = id - last
    if (step > 0 && step <= shortest) bytes.push((step << 4) | code)
    else bytes.push(code, ...varint(zigzag(id)))
    if (value.kind !== 'boolean') append(bytes, value)
    last = id
  }
  bytes.push(0)
}

/** The bytes of a struct. */
export function encodeThrift(value: ThriftStruct): Uint8Array {
  const bytes: number[] = []
  appendFields(bytes, value)
  return Uint8Array.from(bytes)
}
