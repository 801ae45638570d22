/** @file The header of a safetensors file, validated as the reference implementation does and, where noted, more strictly. */
import { EngineError } from '../../contract'
import { dtypes, formatShape, type DType, type Shape } from '../../tensor'
import { printable } from '../bytes/printable'
import { OtherNumber, parseStrictJson, StrictJsonError, type JsonObject, type StrictJson } from './strict-json'

/** Where one tensor lies. */
export interface TensorLocation {
  readonly dtype: DType
  readonly shape: Shape
  /** Absolute byte offset in the file. */
  readonly offset: number
  readonly byteLength: number
}

/** A validated header. */
export interface SafetensorsIndex {
  readonly path: string
  /** In the order of the data. */
  readonly tensors: ReadonlyMap<string, TensorLocation>
  readonly metadata: Readonly<Record<string, string>>
}

/** Bytes before the header: its length as a little-endian uint64. */
export const lengthBytes = 8
/** Our own cap, below the 100 MB of the reference: 100 000 tensors need 8 MB. */
export const maximumHeaderBytes = 16 * 2 ** 20

const maximumDepth = 16
const maximumRank = 32
const metadataName = '__metadata__'
const uint64End = 2n ** 64n
const dtypeOfName: ReadonlyMap<string, DType> = new Map(Object.entries(dtypes).map(([name, { safetensors }]) => [safetensors, name as DType]))

interface Entry {
  readonly name: string
  readonly dtype: DType
  readonly shape: Shape
  readonly begin: number
  readonly end: number
}

/**
 * Checks the header's length, before anything of that length is allocated.
 * @throws EngineError MODEL_HEADER
 */
export function checkHeaderLength(path: string, length: bigint, fileSize: number): number {
  if (length < 2n) throw header(path, `its header is ${length} bytes long; at least 2 were expected`)
  if (length > BigInt(maximumHeaderBytes)) throw header(path, `its header claims ${length} bytes; at most ${maximumHeaderBytes} are read`)
  if (length > BigInt(fileSize - lengthBytes)) throw header(path, `its header claims ${length} bytes, the file has ${fileSize}`)
  return Number(length)
}

/**
 * Parses and validates the header's JSON. `json` is the header alone; the data begins right behind it and must fill the
 * file: contiguous, without overlap or holes. Stricter than the reference: duplicate names, element types that the
 * engine cannot hold, dimensions above 2^53 - 1.
 * @throws EngineError MODEL_HEADER for the header as a whole, MODEL_TENSOR for one entry (`detail.tensor`)
 */
export function parseSafetensorsHeader(path: string, json: Uint8Array, fileSize: number): SafetensorsIndex {
  const names = readNames(path, json)
  const metadata = readMetadata(path, names.get(metadataName))
  const entries: Entry[] = []
  for (const [name, value] of names) if (name !== metadataName) entries.push(readEntry(path, name, value))
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)

  const dataStart = lengthBytes + json.length
  const dataBytes = fileSize - dataStart
  const tensors = new Map<string, TensorLocation>()
  let expected = 0
  let last: string | undefined
  for (const { name, dtype, shape, begin, end } of entries) {
    if (begin !== expected)
      throw tensorError(
        path,
        name,
        `begins at byte ${begin} of the data; ${expected} was expected, ${last === undefined ? 'as it is the first' : `behind ${printable(last)}`}`,
      )
    if (end > dataBytes) throw tensorError(path, name, `ends at byte ${end} of the data, the file has ${dataBytes}`)
    tensors.set(name, { dtype, shape, offset: dataStart + begin, byteLength: end - begin })
    expected = end
    last = name
  }
  if (expected !== dataBytes && last !== undefined)
    throw tensorError(path, last, `is the last and ends at byte ${expected} of the data, the file goes on to ${dataBytes}`)
  if (expected !== dataBytes) throw header(path, `it describes no tensor and has ${dataBytes} bytes of data`)
  return { path, tensors, metadata }
}

function readNames(path: string, json: Uint8Array): JsonObject {
  // Checked on the bytes: a text decoder or parser would skip a byte-order mark or a space.
  if (json[0] !== 0x7b) throw header(path, 'its header does not begin with {')
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json)
    const value = parseStrictJson(text, maximumDepth)
    if (value instanceof Map) return value
  } catch (error) {
    if (error instanceof StrictJsonError && error.duplicate !== undefined)
      throw tensorError(path, error.duplicate, `occurs twice in the header (${error.message})`)
    throw header(path, error instanceof StrictJsonError ? `its header is not valid JSON: ${error.message}` : 'its header is not valid UTF-8')
  }
  throw header(path, 'its header is not a JSON object')
}

function readMetadata(path: string, value: StrictJson | undefined): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {}
  if (!(value instanceof Map)) throw header(path, `${metadataName} is not an object`)
  const pairs: [string, string][] = []
  for (const [name, text] of value as JsonObject) {
    if (typeof text !== 'string') throw header(path, `${metadataName}[${printable(name)}] is not a string`)
    pairs.push([name, text])
  }
  return Object.fromEntries(pairs)
}

function readEntry(path: string, name: string, value: StrictJson): Entry {
  if (!(value instanceof Map)) throw tensorError(path, name, 'is not described by an object')
  const fields = value as JsonObject
  const typeName = fields.get('dtype')
  const dtype = typeof typeName === 'string' ? dtypeOfName.get(typeName) : undefined
  if (dtype === undefined) throw tensorError(path, name, `has dtype ${describe(typeName)}; known are ${[...dtypeOfName.keys()].join(', ')}`)

  const dims = listOf(fields.get('shape'))
  if (dims === undefined) throw tensorError(path, name, `has shape ${describe(fields.get('shape'))}; a list was expected`)
  if (dims.length > maximumRank) throw tensorError(path, name, `has ${dims.length} dimensions; at most ${maximumRank} are read`)
  const shape = dims.map((dim) => readInteger(path, name, 'shape', dim))

  const offsets = listOf(fields.get('data_offsets'))
  if (offsets?.length !== 2)
    throw tensorError(path, name, `has data_offsets ${describe(fields.get('data_offsets'))}; [begin, end] was expected`)
  const begin = readInteger(path, name, 'data_offsets', offsets[0])
  const end = readInteger(path, name, 'data_offsets', offsets[1])
  if (end < begin) throw tensorError(path, name, `ends at ${end}, before it begins at ${begin}`)

  const bytes = byteLength(path, name, dtype, shape)
  if (bytes !== BigInt(end - begin))
    throw tensorError(
      path,
      name,
      `of shape ${formatShape(shape)} and dtype ${dtypes[dtype].safetensors} needs ${bytes} bytes, its offsets give ${end - begin}`,
    )
  return { name, dtype, shape, begin, end }
}

/** Every partial product must fit 64 bits, as in the reference, even where a later zero would make the whole small. */
function byteLength(path: string, name: string, dtype: DType, shape: Shape): bigint {
  let product = 1n
  for (const factor of [...shape, dtypes[dtype].bytes * 8]) {
    product *= BigInt(factor)
    if (product >= uint64End) throw tensorError(path, name, `has shape ${formatShape(shape)}, whose size does not fit 64 bits`)
  }
  return product / 8n
}

function readInteger(path: string, name: string, field: string, value: StrictJson | undefined): number {
  if (typeof value === 'number') return value
  throw tensorError(path, name, `has ${describe(value)} in ${field}; an integer from 0 to 2^53 - 1 was expected`)
}

/** Array.isArray() forgets what a read-only list holds. */
function listOf(value: StrictJson | undefined): readonly StrictJson[] | undefined {
  return Array.isArray(value) ? (value as readonly StrictJson[]) : undefined
}

function describe(value: StrictJson | undefined): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return printable(value)
  if (value instanceof OtherNumber) return value.literal
  const list = listOf(value)
  if (list !== undefined) return `a list of ${list.length}`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

function header(path: string, what: string): EngineError {
  return new EngineError('MODEL_HEADER', `${path} is not a valid safetensors file: ${what}`, { detail: { path } })
}

function tensorError(path: string, name: string, what: string): EngineError {
  return new EngineError('MODEL_TENSOR', `${path}: tensor ${printable(name)} ${what}`, { detail: { path, tensor: name } })
}
