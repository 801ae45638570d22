import { describe, expect, it } from 'vitest'
import { buildModel, input, integers, parameter } from '../../../src/engine/graph'
import { decodeModel, encodedLength, encodeModel, encodeSelfContained, isExternal, type OnnxModel } from '../../../src/engine/onnx'
import { ProtobufWriter, readFields } from '../../../src/engine/onnx/protobuf'
import { layerNorm, reshape, transpose } from '../../../src/engine/ops'
import { randomStream } from '../../../src/engine/tensor'

const model: OnnxModel = (() => {
  const x = input('x', 'float32', ['n', 4])
  const y = layerNorm(transpose(reshape(x, ['n', 4]), [0, 1]), parameter('weight', 'float32', [4]), parameter('bias', 'float32', [4]), 1e-6)
  const data = (name: string) => (name === 'bias' ? new Uint8Array(16).fill(7) : { location: 'model.safetensors', offset: 1234, length: 16 })
  return { ...buildModel('sample', { y, shape: integers([-1, 2 ** 40]) }, data).model, metadata: { made: 'ünïcode' } }
})()

describe('ONNX files', () => {
  it('come back as they were written', () => {
    const decoded = decodeModel(encodeModel(model))
    const rounded = JSON.parse(JSON.stringify(model, (key, value: unknown) => (key === 'epsilon' ? { kind: 'float', value: Math.fround(1e-6) } : value)))
    expect(JSON.parse(JSON.stringify(decoded))).toEqual(rounded)
  })

  it('read packed and unpacked lists of integers alike', () => {
    const tensor = (write: (writer: ProtobufWriter) => void): Uint8Array => {
      const writer = new ProtobufWriter()
      writer.message(7, (graph) => {
        graph.message(5, (target) => {
          write(target)
          target.integer(2, 1)
          target.string(8, 't')
          target.blob(9, new Uint8Array(24))
        })
      })
      return writer.finish()
    }
    const unpacked = tensor((target) => {
      target.integer(1, 300)
      target.integer(1, 2)
    })
    const packed = tensor((target) => { target.blob(1, Uint8Array.of(0xac, 0x02, 2)) })
    const shapes = [unpacked, packed].map((bytes) => decodeModel(bytes).graph.initializers[0]?.shape)
    expect(shapes).toEqual([[300, 2], [300, 2]])
  })

  it('take in what lies in other files, part by part, to the same bytes as if it had been at hand', () => {
    const other = Uint8Array.from({ length: 16 }, (_, index) => index)
    const parts = encodeSelfContained(model)
    const bytes = Buffer.concat(parts.map((part) => (part instanceof Uint8Array ? part : other)))
    const initializers = model.graph.initializers.map((tensor) => (isExternal(tensor.data) ? { ...tensor, data: other } : tensor))
    expect([encodedLength(parts), parts.filter((part) => !(part instanceof Uint8Array))]).toEqual([bytes.length, [{ location: 'model.safetensors', offset: 1234, length: 16 }]])
    expect(bytes.equals(encodeModel({ ...model, graph: { ...model.graph, initializers } }))).toBe(true)
  })

  it('write negative integers as 64-bit two’s complement', () => {
    const writer = new ProtobufWriter()
    writer.integer(3, -1)
    expect([...readFields(writer.finish())]).toEqual([{ field: 3, kind: 'integer', value: 2n ** 64n - 1n }])
  })

  it('refuse every truncation and survive flipped bytes with an error of ours', () => {
    const bytes = encodeModel(model)
    const random = randomStream(3)
    const damaged = [
      ...Array.from({ length: 100 }, (_, percent) => bytes.slice(0, Math.floor((bytes.length * percent) / 100))),
      ...Array.from({ length: 3000 }, () => {
        const copy = bytes.slice()
        copy[Math.floor(random.uniform() * copy.length)] = Math.floor(random.uniform() * 256)
        return copy
      }),
    ]
    const foreign = damaged.flatMap((copy) => {
      try {
        decodeModel(copy)
        return []
      } catch (error) {
        return (error as { code?: string }).code === 'MODEL_HEADER' ? [] : [error]
      }
    })
    expect(foreign).toEqual([])
    expect(() => decodeModel(new Uint8Array())).toThrow('the file has no graph')
  })
})
