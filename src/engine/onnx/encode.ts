/** @file ModelProto to bytes. Field numbers are those of onnx.proto. */
import { dtypes } from '../tensor'
import { isExternal, type ExternalData, type OnnxAttribute, type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxTensor, type OnnxValueInfo } from './model'
import { ProtobufWriter } from './protobuf'

const external = 1

/** Serialises a model. Deterministic: the same model gives the same bytes. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const writer = new ProtobufWriter()
  writeBeforeGraph(writer, model)
  writer.message(7, (graph) => {
    writeBeforeInitializers(graph, model.graph)
    for (const initializer of model.graph.initializers) graph.message(5, (target) => { writeTensor(target, initializer) })
    writeAfterInitializers(graph, model.graph)
  })
  writeAfterGraph(writer, model)
  return writer.finish()
}

/** Bytes at hand, or a stretch of another file that belongs here. */
export type EncodedPart = Uint8Array | ExternalData

/**
 * {@link encodeModel} with the tensors that lie in other files taken in, in parts, so that a model of gigabytes is
 * written without ever being in memory.
 */
export function encodeSelfContained(model: OnnxModel): EncodedPart[] {
  const bytes = (write: (writer: ProtobufWriter) => void): Uint8Array => {
    const writer = new ProtobufWriter()
    write(writer)
    return writer.finish()
  }
  const graph: EncodedPart[] = [bytes((writer) => { writeBeforeInitializers(writer, model.graph) })]
  for (const tensor of model.graph.initializers) {
    const { data } = tensor
    const head = bytes((writer) => {
      writeTensorType(writer, tensor)
      writer.blobStart(9, data.length)
    })
    graph.push(bytes((writer) => { writer.blobStart(5, head.length + data.length) }), head, data)
  }
  graph.push(bytes((writer) => { writeAfterInitializers(writer, model.graph) }))
  const start = bytes((writer) => {
    writeBeforeGraph(writer, model)
    writer.blobStart(7, encodedLength(graph))
  })
  return [start, ...graph, bytes((writer) => { writeAfterGraph(writer, model) })]
}

/** How many bytes parts make together. */
export function encodedLength(parts: readonly EncodedPart[]): number {
  return parts.reduce((total, { length }) => total + length, 0)
}

function writeBeforeGraph(writer: ProtobufWriter, model: OnnxModel): void {
  writer.integer(1, model.irVersion)
  writer.string(2, model.producer)
}

function writeBeforeInitializers(writer: ProtobufWriter, { nodes, name }: OnnxGraph): void {
  for (const node of nodes) writer.message(1, (target) => { writeNode(target, node) })
  writer.string(2, name)
}

function writeAfterInitializers(writer: ProtobufWriter, { inputs, outputs }: OnnxGraph): void {
  for (const input of inputs) writer.message(11, (target) => { writeValueInfo(target, input) })
  for (const output of outputs) writer.message(12, (target) => { writeValueInfo(target, output) })
}

function writeAfterGraph(writer: ProtobufWriter, model: OnnxModel): void {
  for (const [domain, version] of Object.entries(model.opsets))
    writer.message(8, (opset) => {
      opset.string(1, domain)
      opset.integer(2, version)
    })
  for (const [key, value] of Object.entries(model.metadata)) writer.message(14, (entry) => { writeEntry(entry, key, value) })
}

function writeNode(writer: ProtobufWriter, node: OnnxNode): void {
  for (const input of node.inputs) writer.string(1, input)
  for (const output of node.outputs) writer.string(2, output)
  writer.string(3, node.name)
  writer.string(4, node.opType)
  for (const [name, attribute] of Object.entries(node.attributes)) writer.message(5, (target) => { writeAttribute(target, name, attribute) })
  if (node.domain !== '') writer.string(7, node.domain)
}

function writeAttribute(writer: ProtobufWriter, name: string, attribute: OnnxAttribute): void {
  const type = 20
  writer.string(1, name)
  switch (attribute.kind) {
    case 'float':
      writer.float(2, attribute.value)
      writer.integer(type, 1)
      return
    case 'int':
      writer.integer(3, attribute.value)
      writer.integer(type, 2)
      return
    case 'string':
      writer.string(4, attribute.value)
      writer.integer(type, 3)
      return
    case 'tensor':
      writer.message(5, (target) => { writeTensor(target, attribute.value) })
      writer.integer(type, 4)
      return
    case 'floats':
      for (const value of attribute.value) writer.float(7, value)
      writer.integer(type, 6)
      return
    case 'ints':
      for (const value of attribute.value) writer.integer(8, value)
      writer.integer(type, 7)
  }
}

function writeTensorType(writer: ProtobufWriter, { name, dtype, shape }: OnnxTensor): void {
  for (const dim of shape) writer.integer(1, dim)
  writer.integer(2, dtypes[dtype].onnx)
  writer.string(8, name)
}

function writeTensor(writer: ProtobufWriter, tensor: OnnxTensor): void {
  writeTensorType(writer, tensor)
  const { data } = tensor
  if (!isExternal(data)) {
    writer.blob(9, data)
    return
  }
  for (const [key, value] of [['location', data.location], ['offset', String(data.offset)], ['length', String(data.length)]] as const)
    writer.message(13, (entry) => { writeEntry(entry, key, value) })
  writer.integer(14, external)
}

function writeEntry(writer: ProtobufWriter, key: string, value: string): void {
  writer.string(1, key)
  writer.string(2, value)
}

function writeValueInfo(writer: ProtobufWriter, info: OnnxValueInfo): void {
  writer.string(1, info.name)
  writer.message(2, (type) => {
    type.message(1, (tensorType) => {
      tensorType.integer(1, dtypes[info.dtype].onnx)
      tensorType.message(2, (shape) => {
        for (const dim of info.shape)
          shape.message(1, (target) => {
            if (typeof dim === 'number') target.integer(1, dim)
            else target.string(2, dim)
          })
      })
    })
  })
}
