/** @file Bytes to ModelProto: the inverse of encode, for files made here or elsewhere. */
import { dtypes, type DType } from '../tensor'
import type { OnnxAttribute, OnnxDim, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from './model'
import { blob, floats, integer, integers, malformed, readEntry, text } from './fields'
import { readFields } from './protobuf'

const dtypeByNumber = new Map<number, DType>(Object.entries(dtypes).map(([name, { onnx }]) => [onnx, name as DType]))

function dtypeOf(number: number, owner: string): DType {
  const dtype = dtypeByNumber.get(number)
  if (dtype === undefined) throw malformed(`${owner} has element type ${number}, which is not supported`)
  return dtype
}

/**
 * Parses a model of the supported subset. External data is described, never opened.
 * @throws EngineError MODEL_HEADER naming what is malformed or unsupported
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  let irVersion = 0
  let producer = ''
  let graph: OnnxGraph | undefined
  const opsets: Record<string, number> = {}
  const metadata: Record<string, string> = {}
  for (const field of readFields(bytes)) {
    if (field.field === 1) irVersion = integer(field)
    else if (field.field === 2) producer = text(field)
    else if (field.field === 7) graph = readGraph(blob(field))
    else if (field.field === 8) {
      const [domain, version] = readOpset(blob(field))
      opsets[domain] = version
    } else if (field.field === 14) {
      const [key, value] = readEntry(blob(field))
      metadata[key] = value
    }
  }
  if (graph === undefined) throw malformed('the file has no graph')
  return { irVersion, producer, opsets, metadata, graph }
}

function readGraph(bytes: Uint8Array): OnnxGraph {
  let name = ''
  const nodes: OnnxNode[] = []
  const inputs: OnnxValueInfo[] = []
  const outputs: OnnxValueInfo[] = []
  const initializers: OnnxTensor[] = []
  for (const field of readFields(bytes)) {
    if (field.field === 1) nodes.push(readNode(blob(field)))
    else if (field.field === 2) name = text(field)
    else if (field.field === 5) initializers.push(readTensor(blob(field)))
    else if (field.field === 11) inputs.push(readValueInfo(blob(field)))
    else if (field.field === 12) outputs.push(readValueInfo(blob(field)))
  }
  return { name, nodes, inputs, outputs, initializers }
}

function readNode(bytes: Uint8Array): OnnxNode {
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes: Record<string, OnnxAttribute> = {}
  let name = ''
  let opType = ''
  let domain = ''
  for (const field of readFields(bytes)) {
    if (field.field === 1) inputs.push(text(field))
    else if (field.field === 2) outputs.push(text(field))
    else if (field.field === 3) name = text(field)
    else if (field.field === 4) opType = text(field)
    else if (field.field === 5) {
      const [key, attribute] = readAttribute(blob(field))
      attributes[key] = attribute
    } else if (field.field === 7) domain = text(field)
  }
  return { name, opType, domain, inputs, outputs, attributes }
}

function readAttribute(bytes: Uint8Array): [name: string, attribute: OnnxAttribute] {
  let name = ''
  let type = 0
  let single: OnnxAttribute | undefined
  const floatList: number[] = []
  const intList: number[] = []
  for (const field of readFields(bytes)) {
    if (field.field === 1) name = text(field)
    else if (field.field === 2) single = { kind: 'float', value: floats(field)[0] ?? 0 }
    else if (field.field === 3) single = { kind: 'int', value: integer(field) }
    else if (field.field === 4) single = { kind: 'string', value: text(field) }
    else if (field.field === 5) single = { kind: 'tensor', value: readTensor(blob(field)) }
    else if (field.field === 7) floatList.push(...floats(field))
    else if (field.field === 8) intList.push(...integers(field))
    else if (field.field === 20) type = integer(field)
  }
  if (type === 6) return [name, { kind: 'floats', value: floatList }]
  if (type === 7) return [name, { kind: 'ints', value: intList }]
  // A proto3 writer leaves zero values out.
  if (single === undefined && type === 1) return [name, { kind: 'float', value: 0 }]
  if (single === undefined && type === 2) return [name, { kind: 'int', value: 0 }]
  if (single === undefined && type === 3) return [name, { kind: 'string', value: '' }]
  if (single === undefined) throw malformed(`attribute ${name} has type ${type}, which is not supported`)
  return [name, single]
}

function readTensor(bytes: Uint8Array): OnnxTensor {
  let name = ''
  let type = 0
  let raw: Uint8Array | undefined
  let isExternal = false
  const shape: number[] = []
  const entries: Record<string, string> = {}
  const floatData: number[] = []
  const int32Data: number[] = []
  const int64Data: number[] = []
  for (const field of readFields(bytes)) {
    if (field.field === 1) shape.push(...integers(field))
    else if (field.field === 2) type = integer(field)
    else if (field.field === 4) floatData.push(...floats(field))
    else if (field.field === 5) int32Data.push(...integers(field))
    else if (field.field === 7) int64Data.push(...integers(field))
    else if (field.field === 8) name = text(field)
    else if (field.field === 9) raw = blob(field)
    else if (field.field === 13) {
      const [key, value] = readEntry(blob(field))
      entries[key] = value
    } else if (field.field === 14) isExternal = integer(field) === 1
  }
  const dtype = dtypeOf(type, `tensor ${name}`)
  if (isExternal)
    return { name, dtype, shape, data: { location: entries['location'] ?? '', offset: Number(entries['offset'] ?? 0), length: Number(entries['length'] ?? 0) } }
  return { name, dtype, shape, data: raw ?? typedData(dtype, floatData, int32Data, int64Data) }
}

function typedData(dtype: DType, floatData: number[], int32Data: number[], int64Data: number[]): Uint8Array {
  const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  switch (dtype) {
    case 'float32':
      return bytesOf(Float32Array.from(floatData))
    case 'int64':
      return bytesOf(BigInt64Array.from(int64Data, BigInt))
    case 'int32':
      return bytesOf(Int32Array.from(int32Data))
    case 'float16':
    case 'bfloat16':
      return bytesOf(Uint16Array.from(int32Data))
    case 'int16':
      return bytesOf(Int16Array.from(int32Data))
    case 'int8':
    case 'uint8':
    case 'bool':
      return Uint8Array.from(int32Data)
    case 'float64':
      throw malformed('float64 tensors are read from raw data only')
  }
}

function readValueInfo(bytes: Uint8Array): OnnxValueInfo {
  let name = ''
  let dtype: DType | undefined
  const shape: OnnxDim[] = []
  for (const field of readFields(bytes)) {
    if (field.field === 1) name = text(field)
    if (field.field !== 2) continue
    for (const type of readFields(blob(field))) {
      if (type.field !== 1) throw malformed(`value ${name} is not a tensor`)
      for (const part of readFields(blob(type))) {
        if (part.field === 1) dtype = dtypeOf(integer(part), `value ${name}`)
        else if (part.field === 2) for (const dim of readFields(blob(part))) shape.push(readDim(blob(dim)))
      }
    }
  }
  if (dtype === undefined) throw malformed(`value ${name} has no type`)
  return { name, dtype, shape }
}

function readDim(bytes: Uint8Array): OnnxDim {
  for (const field of readFields(bytes)) {
    if (field.field === 1) return integer(field)
    if (field.field === 2) return text(field)
  }
  return '?'
}

function readOpset(bytes: Uint8Array): [domain: string, version: number] {
  let domain = ''
  let version = 0
  for (const field of readFields(bytes)) {
    if (field.field === 1) domain = text(field)
    else if (field.field === 2) version = integer(field)
  }
  return [domain, version]
}
