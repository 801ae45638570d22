import { describe, expect, it } from 'vitest'
import { input } from '../../../src/engine/graph'
import { add, concat, expand, gather, layerNorm, linear, matMul, multiHeadAttention, reshape, slice, split, transpose, where } from '../../../src/engine/ops'

const x = (...shape: (number | string)[]) => input('x', 'float32', shape)

describe('a wrong shape', () => {
  it.each([
    ['add', () => add(x(2, 3), x(4)), 'add: shapes [2, 3] and [4] do not broadcast'],
    ['matMul', () => matMul(x(5, 384), x(768, 2)), 'matMul: inner sizes 384 and 768 of float32 [5, 384] and float32 [768, 2] differ'],
    ['linear', () => linear(x('n', 3), x(4, 5), x(4)), 'gemm: x float32 [n, 3] does not fit weight float32 [4, 5]'],
    ['reshape', () => reshape(x('n', 6), ['n', 4]), 'reshape: float32 [n, 6] cannot take the shape [n, 4]'],
    ['expand', () => expand(x(2, 3), [4, 3]), 'expand: float32 [2, 3] does not broadcast to [4, 3]'],
    ['transpose', () => transpose(x(2, 3), [0, 0]), 'transpose: [0, 0] does not permute the axes of float32 [2, 3]'],
    ['concat', () => concat([x(2, 3), x(3, 3)], 1), 'concat: float32 [3, 3] does not continue float32 [2, 3] along axis 1'],
    ['slice', () => slice(x(2, 3), 1, 2, 2), 'slice: elements 2 to 4 lie outside axis 1 of float32 [2, 3]'],
    ['split', () => split(x(2, 7), 1, 3), 'split: axis 1 of float32 [2, 7] does not fall into 3 equal parts'],
    ['gather', () => gather(x(2), x(1), 0), 'gather: indices are float32 [1], not int64'],
    ['layerNorm', () => layerNorm(x(2, 5), x(4), x(5), 1e-6), 'layerNorm: float32 [4] does not fit the last axis of float32 [2, 5]'],
    ['where', () => where(x(1), x(1), x(1)), 'where: the condition is float32 [1], not bool'],
    ['multiHeadAttention', () => multiHeadAttention(x(1, 2, 7), x(1, 2, 7), x(1, 2, 7), 2, 1), 'multiHeadAttention: query float32 [1, 2, 7] does not fall into 2 heads'],
  ])('of %s is an error on the line that made it', (_name, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'GRAPH', message }))
  })
})
