/**
 * @file The gate before the runtime: a foreign ONNX file is opened here, with what lies beside it, or refused.
 *
 * ONNX Runtime opens any file below the model's folder that a tensor names, hard links too, and its EPContext nodes name files
 * as well. So everything the file refers to is checked first, and what is checked is what is copied.
 */
import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EngineError } from '../../contract'
import { outlineModel, type OnnxOutline, type OutlinedReference } from '../../onnx'
import { openByteSource, type ByteSource } from '../bytes/byte-source'
import { printable } from '../bytes/printable'

/** A file that may be given to the runtime. */
export interface OpenedOnnx {
  readonly path: string
  readonly bytes: Buffer
  readonly outline: OnnxOutline
  /** What it refers to, under the names it uses. */
  readonly siblings: ReadonlyMap<string, ByteSource>
  close(): Promise<void>
}

/** What protobuf can hold. */
const largestFile = 2 ** 31 - 1
/** Of a file and its siblings together; ViT-g takes 4.5 GB. */
const largestModel = 32 * 2 ** 30
const mostSiblings = 64

const standardDomains = new Set(['', 'ai.onnx', 'ai.onnx.ml'])
/** Pure arithmetic that optimisers and quantisers put in; the rest of the domain reads files, prints or needs other programs. */
const contributedDomain = 'com.microsoft'
const contributedOperators = new Set([
  'Attention', 'BiasAdd', 'BiasGelu', 'BiasSplitGelu', 'DequantizeLinear', 'DynamicQuantizeLSTM', 'DynamicQuantizeMatMul', 'FastGelu', 'FusedConv', 'FusedGemm', 'FusedMatMul', 'Gelu',
  'GroupNorm', 'GroupQueryAttention', 'Inverse', 'MatMulBnb4', 'MatMulInteger16', 'MatMulIntegerToFloat', 'MatMulNBits', 'MultiHeadAttention', 'NhwcConv', 'NhwcMaxPool', 'PackedAttention',
  'PackedMultiHeadAttention', 'QAttention', 'QLinearAdd', 'QLinearAveragePool', 'QLinearConcat', 'QLinearConv', 'QLinearGlobalAveragePool', 'QLinearLeakyRelu', 'QLinearMul', 'QLinearReduceMean',
  'QLinearSigmoid', 'QLinearSoftmax', 'QLinearWhere', 'QuantizeLinear', 'QuickGelu', 'RotaryEmbedding', 'SkipGroupNorm', 'SkipLayerNormalization', 'SkipSimplifiedLayerNormalization', 'TransposeMatMul',
])

/** `model.onnx.data`, `model.onnx_data`, `model.onnx_data_1`, `weights.data`: what exporters write beside. */
const siblingName = /^[\p{L}\p{N}_][\p{L}\p{N}_ .,()+@=-]{0,200}\.(onnx_data(_\d{1,4})?|data)$/u
const knownKeys = new Set(['location', 'offset', 'length', 'checksum'])
const wholeNumber = /^\d{1,16}$/

/**
 * Opens a file and everything it refers to; the caller closes it. Nothing of it has been run.
 * @throws EngineError MODEL_HEADER for what is malformed, MODEL_EXTERNAL_DATA for references it must not have and for operators of
 *   other programs, MODEL_RESOURCE for what is too large, NOT_A_FILE, SOURCE_UNAVAILABLE
 */
export async function openOnnx(path: string): Promise<OpenedOnnx> {
  // What lies beside a file that was named by a link is what lies beside the link.
  const source = await openByteSource(await realpath(path).catch(() => path))
  const siblings = new Map<string, ByteSource>()
  const close = async (): Promise<void> => {
    for (const sibling of siblings.values()) await sibling.close()
  }
  try {
    if (source.size > largestFile) throw tooLarge(path, `has ${source.size} bytes; an ONNX file has at most ${largestFile}`)
    const bytes = await source.read(0, source.size)
    const outline = outlineOf(path, bytes)
    requireKnownOperators(path, outline)
    for (const [name, references] of byLocation(path, outline.references)) {
      if (siblings.size >= mostSiblings) throw tooLarge(path, `refers to more than ${mostSiblings} files`)
      const sibling = await openSibling(path, name)
      siblings.set(name, sibling)
      for (const { tensor, offset, length } of references)
        if (offset > sibling.size || (length ?? 0) > sibling.size - offset)
          throw refused(path, `tensor ${printable(tensor)} lies at bytes ${offset} to ${offset + (length ?? 0)} of ${name}, which has ${sibling.size}`)
    }
    const size = source.size + [...siblings.values()].reduce((sum, sibling) => sum + sibling.size, 0)
    if (size > largestModel) throw tooLarge(path, `has ${size} bytes with what lies beside it; at most ${largestModel} are taken`)
    return { path, bytes, outline, siblings, close }
  } catch (error) {
    await close()
    throw error
  } finally {
    await source.close()
  }
}

function refused(path: string, what: string): EngineError {
  return new EngineError('MODEL_EXTERNAL_DATA', `${path}: ${what}`, { detail: { path } })
}

function tooLarge(path: string, what: string): EngineError {
  return new EngineError('MODEL_RESOURCE', `${path} ${what}`, { detail: { path } })
}

function outlineOf(path: string, bytes: Buffer): OnnxOutline {
  // The runtime takes such bytes for its own format, whatever else they are.
  if (bytes.subarray(4, 8).toString('latin1') === 'ORTM')
    throw new EngineError('MODEL_UNSUPPORTED', `${path} is in ONNX Runtime's own format; export it as ONNX`, { detail: { path } })
  try {
    return outlineModel(bytes)
  } catch (cause) {
    const reason = cause instanceof EngineError ? cause.message : 'it is malformed'
    throw new EngineError('MODEL_HEADER', `${path} is not a valid ONNX file: ${reason}`, { detail: { path }, cause })
  }
}

function requireKnownOperators(path: string, { operators, functions }: OnnxOutline): void {
  const own = new Set(functions.map(({ domain, name }) => `${domain}\0${name}`))
  for (const { domain, opType } of operators) {
    if (opType === 'EPContext') throw refused(path, 'it has an EPContext node, which has a driver open files and compiled code')
    if (standardDomains.has(domain) || own.has(`${domain}\0${opType}`) || (domain === contributedDomain && contributedOperators.has(opType))) continue
    throw refused(path, `it has the operator ${printable(`${domain}.${opType}`)}, which is not of the ONNX standard; export it with standard operators`)
  }
}

interface Reference {
  readonly tensor: string
  readonly offset: number
  readonly length: number | undefined
}

/** What each file is referred to for. @throws EngineError MODEL_EXTERNAL_DATA */
function byLocation(path: string, references: readonly OutlinedReference[]): Map<string, Reference[]> {
  const found = new Map<string, Reference[]>()
  for (const reference of references) {
    const { location, ...rest } = readReference(path, reference)
    const same = found.get(location)
    if (same === undefined) found.set(location, [rest])
    else same.push(rest)
  }
  return found
}

function readReference(path: string, { tensor, entries }: OutlinedReference): Reference & { readonly location: string } {
  const said = new Map<string, string>()
  for (const [key, value] of entries) {
    if (!knownKeys.has(key)) throw refused(path, `tensor ${printable(tensor)} has the key ${printable(key)} of external data, which is unknown`)
    if (said.has(key)) throw refused(path, `tensor ${printable(tensor)} tells the ${key} of its data twice`)
    said.set(key, value)
  }
  const location = said.get('location')
  if (location === undefined) throw refused(path, `tensor ${printable(tensor)} lies in another file and does not say in which`)
  if (!siblingName.test(location))
    throw refused(path, `tensor ${printable(tensor)} lies in ${printable(location)}; only files beside it whose names end in .data or .onnx_data are read`)
  const number = (key: string): number | undefined => {
    const value = said.get(key)
    if (value !== undefined && !wholeNumber.test(value)) throw refused(path, `tensor ${printable(tensor)} has the ${key} ${printable(value)}`)
    return value === undefined ? undefined : Number(value)
  }
  return { tensor, location, offset: number('offset') ?? 0, length: number('length') }
}

/** A regular file under one name alone: another name of it may lie anywhere. */
async function openSibling(path: string, name: string): Promise<ByteSource> {
  const beside = join(dirname(path), name)
  const found = await lstat(beside).catch(() => undefined)
  if (found === undefined) throw new EngineError('SOURCE_UNAVAILABLE', `${basename(path)} needs ${name} beside it, and it is not there`, { detail: { path, missing: name } })
  if (!found.isFile()) throw refused(path, `${name}, which it refers to, is ${found.isSymbolicLink() ? 'a link; put the file itself beside it' : 'not a regular file'}`)
  return openByteSource(beside, ({ nlink }) => {
    if (nlink !== 1) throw refused(path, `${name}, which it refers to, is one of ${nlink} hard links to the same file; put a copy beside it`)
  })
}
