import { expect, test } from 'vitest'
import { elementsOf } from '../../../../src/engine/tensor'
import { readView } from '../../../../src/engine/weights/pytorch/tensor-view'
import { indices } from '../../../helpers/naive'

const elements = 60
const strided = [
  { shape: [60], strides: [1], offset: 0 },
  { shape: [3, 4, 5], strides: [20, 5, 1], offset: 0 },
  { shape: [5, 4, 3], strides: [1, 5, 20], offset: 0 },
  { shape: [4, 3, 5], strides: [5, 20, 1], offset: 0 },
  { shape: [2, 2], strides: [30, 7], offset: 3 },
  { shape: [3, 1, 4], strides: [4, 777, 1], offset: 10 },
  { shape: [2, 3], strides: [0, 2], offset: 5 },
  { shape: [], strides: [], offset: 59 },
  { shape: [0, 3], strides: [3, 1], offset: 60 },
]

test.each(strided.flatMap((view) => (['int8', 'float16', 'float32', 'int64'] as const).map((dtype) => ({ ...view, dtype }))))(
  'a view of shape $shape, strides $strides and offset $offset is gathered like nested loops would ($dtype)',
  ({ shape, strides, offset, dtype }) => {
    const size = { int8: 1, float16: 2, float32: 4, int64: 8 }[dtype]
    const bytes = Buffer.from(Array.from({ length: elements * size }, (_, index) => (index * 37) % 251))
    const all = elementsOf(dtype, bytes)
    const expected = [...indices(shape)].map((index) => all[index.reduce((sum, position, axis) => sum + position * (strides[axis] ?? 0), offset)])
    const { data, ...rest } = readView({ kind: 'tensor', storage: { kind: 'storage', key: '0', dtype, elements }, offset, shape, strides }, bytes)
    expect(rest).toEqual({ dtype, shape })
    expect(shape.includes(0) ? [] : Array.from(data as ArrayLike<number | bigint>)).toEqual(shape.includes(0) ? [] : expected)
  },
)
