/** @file Products in half precision: which are rounded and which are not. */
import { describe, expect, it } from 'vitest'
import { constant, input, topologicalValues, type Value } from '../../../src/engine/graph'
import { productsInHalf } from '../../../src/engine/nn'
import { add, gemm, linear, matMul, reshape, softmax, transpose } from '../../../src/engine/ops'
import { noise } from '../../helpers/tensors'

/** `gemm float16`, in the order of the graph. */
const opsOf = (outputs: Readonly<Record<string, Value>>): string[] =>
  topologicalValues(Object.values(outputs)).flatMap(({ source, dtype }) => (source.kind === 'node' && source.output === 0 ? [`${source.node.op} ${dtype}`] : []))

describe('productsInHalf', () => {
  const x = input('x', 'float32', [3, 4])
  const weight = input('weight', 'float32', [4, 4])
  const bias = input('bias', 'float32', [4])

  it('rounds what goes into a product and nothing else', () => {
    const y = softmax(add(linear(x, weight, bias), x))
    expect(opsOf(productsInHalf({ y }, new Set()))).toEqual(['cast float16', 'cast float16', 'cast float16', 'gemm float16', 'cast float32', 'add float32', 'softmax float32'])
  })

  it('rounds a value once, and moves it after rounding', () => {
    const turned = transpose(reshape(gemm(x, weight, false, true), [2, 2, 3]), [0, 2, 1])
    const y = matMul(turned, reshape(x, [2, 2, 3]))
    const made = opsOf(productsInHalf({ y, again: gemm(x, weight, false, false) }, new Set()))
    expect({ casts: made.filter((op) => op === 'cast float16').length, moved: made.filter((op) => /transpose|reshape/.test(op)), products: made.filter((op) => /gemm|matMul/.test(op)) }).toEqual({
      casts: 2,
      moved: ['reshape float16', 'transpose float16', 'reshape float16'],
      products: ['gemm float16', 'matMul float16', 'gemm float16'],
    })
  })

  it('leaves products with constants and those it is told to leave', () => {
    const fixed = matMul(transpose(constant(noise([4, 3], 1)), [1, 0]), weight)
    const told = gemm(x, weight, false, true)
    const outputs = { fixed, told }
    expect(productsInHalf(outputs, new Set([told]))).toEqual(outputs)
  })
})
