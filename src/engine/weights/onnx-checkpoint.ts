/** @file Weights out of an ONNX file that DinoScope wrote. Its graph is not looked at and never run. */
import { basename, dirname, join } from 'node:path'
import { EngineError } from '../contract'
import { vitParameters } from '../nn'
import { decodeModel, isExternal, type ExternalData, type OnnxModel, type OnnxTensor } from '../onnx'
import { dtypes, elementCount, elementsOf, formatShape, tensor, type Tensor } from '../tensor'
import { openByteSource, type ByteSource } from './bytes/byte-source'
import { printable } from './bytes/printable'
import type { Checkpoint, TensorSource } from './bytes/tensor-source'
import { descriptionKey, readDescription } from './models/embedded-description'
import { unusedTensors } from './models/unused-tensor'

/** What protobuf can hold. */
const maximumBytes = 2 ** 31 - 1
const producer = 'DinoScope'

/**
 * The initializers of an opened file under their names; closing the checkpoint closes what was opened.
 * @throws EngineError MODEL_UNSUPPORTED for a file of another producer, MODEL_DAMAGED, MODEL_HEADER, MODEL_TENSOR
 */
export async function openOnnxCheckpoint(source: ByteSource): Promise<Checkpoint> {
  const { name: path } = source
  if (source.size > maximumBytes) throw new EngineError('MODEL_HEADER', `${path} has ${source.size} bytes; an ONNX file has at most ${maximumBytes}`, { detail: { path } })
  const model = decode(path, await source.read(0, source.size))
  const described = isOwn(model) ? readDescription(path, model.metadata) : undefined
  if (described === undefined)
    throw new EngineError('MODEL_UNSUPPORTED', `${path} is an ONNX file of another maker; how it is read is chosen when it is imported, on the Models page or with "dinoscope models import"`, { detail: { path } })
  const files = new Map<string, ByteSource>()
  const close = async (): Promise<void> => {
    for (const file of [source, ...files.values()]) await file.close()
  }
  try {
    const group = unusedTensors(path, model.metadata)
    // The graph has constants of its own besides.
    const parameters = new Set(vitParameters(described.config).map(({ name }) => name))
    for (const initializer of model.graph.initializers) if (parameters.has(initializer.name)) group.set(initializer.name, await tensorSource(path, initializer, files))
    return { format: 'onnx', groups: new Map([['', group]]), metadata: model.metadata, close }
  } catch (error) {
    for (const file of files.values()) await file.close()
    throw error
  }
}

/** Whether DinoScope wrote a file and described the model in it. */
export function isOwn({ producer: writtenBy, metadata }: Pick<OnnxModel, 'producer' | 'metadata'>): boolean {
  return writtenBy === producer && descriptionKey in metadata
}

function decode(path: string, bytes: Uint8Array): OnnxModel {
  try {
    return decodeModel(bytes)
  } catch (cause) {
    const reason = cause instanceof EngineError ? cause.message : 'it is malformed'
    throw new EngineError('MODEL_HEADER', `${path} is not a valid ONNX file: ${reason}`, { detail: { path }, cause })
  }
}

/** Checked when the file is opened; read when its turn comes. */
async function tensorSource(path: string, { name, dtype, shape, data }: OnnxTensor, files: Map<string, ByteSource>): Promise<TensorSource> {
  const bytes = elementCount(shape) * dtypes[dtype].bytes
  if (shape.some((dim) => dim < 0) || data.length !== bytes)
    throw tensorError(path, name, `of shape ${formatShape(shape)} and type ${dtype} needs ${bytes} bytes, it has ${data.length}`)
  if (!isExternal(data)) return { dtype, shape, read: () => Promise.resolve(tensor(dtype, shape, elementsOf(dtype, data))) }
  const file = await externalFile(path, name, data, files)
  return { dtype, shape, read: async (): Promise<Tensor> => tensor(dtype, shape, elementsOf(dtype, await file.read(data.offset, data.length))) }
}

/** Data may lie in a file beside alone, under the ending that the export gives it: a hostile file cannot have others read. */
async function externalFile(path: string, name: string, { location, offset, length }: ExternalData, files: Map<string, ByteSource>): Promise<ByteSource> {
  if (location !== basename(location) || location.includes('\\') || location.startsWith('.') || !location.endsWith('.onnx.data'))
    throw tensorError(path, name, `lies in ${printable(location)}, which is no .onnx.data file beside it`)
  const file = files.get(location) ?? (await openByteSource(join(dirname(path), location)))
  files.set(location, file)
  if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > file.size)
    throw tensorError(path, name, `lies at bytes ${offset} to ${offset + length} of ${location}, which has ${file.size}`)
  return file
}

function tensorError(path: string, name: string, what: string): EngineError {
  return new EngineError('MODEL_TENSOR', `${path}: tensor ${printable(name)} ${what}`, { detail: { path, tensor: name } })
}
