/** @file What an unpickled stream may consist of: plain data, references to tensors, and records that do nothing. */
import type { DType } from '../../tensor'

/** Counts of values below a container, shared ones counted each time: the size it would have written out. */
interface Weighed {
  weight: number
}

export interface PickleTuple extends Weighed {
  readonly kind: 'tuple'
  readonly items: readonly PickleValue[]
}

export interface PickleList extends Weighed {
  readonly kind: 'list'
  readonly items: PickleValue[]
}

/** A dict or an OrderedDict. A map, so that no key is special. */
export interface PickleDict extends Weighed {
  readonly kind: 'dict'
  readonly entries: Map<PickleValue, PickleValue>
}

/** A name from the allow-list, before it is called. */
export interface PickleGlobal {
  readonly kind: 'global'
  readonly name: string
}

/** Something that is let through and thrown away: a Namespace, a numpy number, a set. */
export interface InertRecord {
  readonly kind: 'inert'
  readonly type: 'namespace' | 'numpy-dtype' | 'numpy-scalar' | 'set'
}

/** The bytes of a numpy number, as pickle protocol 2 writes bytes. Good for nothing else. */
export interface EncodedBytes {
  readonly kind: 'encoded'
  used: boolean
}

/** A block of elements kept outside the pickle. */
export interface StorageReference {
  readonly kind: 'storage'
  readonly key: string
  readonly dtype: DType
  readonly elements: number
}

/** A view of a storage, already known to lie inside it. */
export interface TensorReference {
  readonly kind: 'tensor'
  readonly storage: StorageReference
  /** First element. */
  readonly offset: number
  readonly shape: readonly number[]
  /** In elements. */
  readonly strides: readonly number[]
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleGlobal
  | InertRecord
  | EncodedBytes
  | StorageReference
  | TensorReference

/** The size of a value written out, in values. */
export function weightOf(value: PickleValue): number {
  return typeof value === 'object' && value !== null && 'weight' in value ? value.weight : 1
}

/** The kind of an object, or the JavaScript type of plain data. For messages. */
export function kindOf(value: PickleValue | undefined): string {
  if (value === null) return 'None'
  return typeof value === 'object' ? value.kind : typeof value
}

export function isKind<K extends Exclude<PickleValue, null | boolean | number | bigint | string>['kind']>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { readonly kind: K }> {
  return typeof value === 'object' && value !== null && value.kind === kind
}
