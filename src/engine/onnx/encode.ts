/** @file ModelProto to bytes. Field numbers are those of onnx.proto. */
import { dtypes } from '../tensor'
import { isExternal, type OnnxAttribute, type OnnxModel, type OnnxNode, type OnnxTensor, type OnnxValueInfo } from './model'
import { ProtobufWriter } from './protobuf'

const external = 1

/** Serialises a model. Deterministic: the same model gives the same bytes. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const writer = new ProtobufWriter()
  writer.integer(1, model.irVersion)
  writer.string(2, model.producer)
  writer.message(7, (graph) => {
    for (const node of model.graph.nodes) graph.message(1, (target) => { writeNode(target, node) })
    graph.string(2, model.graph.name)
    for (const initializer of model.graph.initializers) graph.message(5, (target) => { writeTensor(target, initializer) })
    for (const input of model.graph.inputs) graph.message(11, (target) => { writeValueInfo(target, input) })
    for (const output of model.graph.outputs) graph.message(12, (target) => { writeValueInfo(target, output) })
  })
  for (const [domain, version] of Object.entries(model.opsets))
    writer.message(8, (opset) => {
      opset.string(1, domain)
      opset.integer(2, version)
    })
  for (const [key, value] of Object.entries(model.metadata)) writer.message(14, (entry) => { writeEntry(entry, key, value) })
  return writer.finish()
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

function writeTensor(writer: ProtobufWriter, tensor: OnnxTensor): void {
  for (const dim of tensor.shape) writer.integer(1, dim)
  writer.integer(2, dtypes[tensor.dtype].onnx)
  writer.string(8, tensor.name)
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
