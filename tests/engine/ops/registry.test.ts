import { describe, expect, it } from 'vitest'
import { input, integers, type Value } from '../../../src/engine/graph'
import { opRules, type OpName } from '../../../src/engine/ops'
import { applyRule, type OpRule } from '../../../src/engine/ops/rule'
import type { Tensor } from '../../../src/engine/tensor'
import { at, build, erf, naiveOf, sum, type Naive } from '../../helpers/naive'
import { runGraph } from '../../helpers/run-graph'
import { bool, int64, maxDifference, noise } from '../../helpers/tensors'

interface OpCase {
  readonly what: string
  readonly inputs: readonly Tensor[]
  readonly parameters?: unknown
  /** Inputs that are part of the graph rather than fed. */
  readonly constants?: readonly Value[]
  naive(inputs: readonly Naive[]): readonly Naive[]
}

const broadcast = (left: readonly number[], right: readonly number[]): number[] => {
  const rank = Math.max(left.length, right.length)
  return Array.from({ length: rank }, (_, axis) => Math.max(left[axis - rank + left.length] ?? 1, right[axis - rank + right.length] ?? 1))
}

const binary = (combine: (a: number, b: number) => number): readonly OpCase[] =>
  [
    { what: 'same shape', inputs: [noise([2, 3], 1), noise([2, 3], 2)] },
    { what: 'broadcast', inputs: [noise([2, 1, 4], 3), noise([3, 1], 4)] },
    { what: 'scalar', inputs: [noise([5], 5), noise([], 6)] },
  ].map(({ what, inputs }) => ({
    what,
    inputs,
    naive: ([a, b]) => [build(broadcast(a!.shape, b!.shape), (index) => combine(at(a!, index), at(b!, index)))],
  }))

const unary = (map: (x: number) => number): readonly OpCase[] => [
  { what: 'noise', inputs: [noise([3, 4])], naive: ([x]) => [build(x!.shape, (index) => map(at(x!, index)))] },
]

const naiveMatMul = (a: Naive, b: Naive, shape: readonly number[], inner: number): Naive =>
  build(shape, (index) => {
    const lead = index.slice(0, -2)
    const [row = 0, column = 0] = index.slice(-2)
    return sum(inner, (k) => at(a, [...lead, row, k]) * at(b, [...lead, k, column]))
  })

const softmaxOver = (x: Naive, index: readonly number[]): number => {
  const lead = index.slice(0, -1)
  return Math.exp(at(x, index)) / sum(x.shape.at(-1) ?? 0, (k) => Math.exp(at(x, [...lead, k])))
}

const cases: Readonly<Record<OpName, readonly OpCase[]>> = {
  add: binary((a, b) => a + b),
  subtract: binary((a, b) => a - b),
  multiply: binary((a, b) => a * b),
  divide: binary((a, b) => a / b),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  gelu: unary((x) => (x / 2) * (1 + erf(x / Math.SQRT2))),
  where: [
    {
      what: 'broadcast',
      inputs: [bool([2, 3, 1], [true, false, true, false, false, true]), noise([1, 1, 4], 1), noise([2, 3, 4], 2)],
      naive: ([condition, yes, no]) => [build([2, 3, 4], (index) => (at(condition!, index) === 1 ? at(yes!, index) : at(no!, index)))],
    },
  ],
  cast: [
    { what: 'to int64 truncates', inputs: [noise([6])], parameters: { to: 'int64' }, naive: ([x]) => [build([6], (index) => Math.trunc(at(x!, index)))] },
    { what: 'from bool', inputs: [bool([2], [true, false])], parameters: { to: 'float32' }, naive: ([x]) => [x!] },
  ],
  matMul: [
    { what: 'matrices', inputs: [noise([3, 4], 1), noise([4, 2], 2)], naive: ([a, b]) => [naiveMatMul(a!, b!, [3, 2], 4)] },
    { what: 'batches', inputs: [noise([2, 1, 3, 4], 3), noise([5, 4, 2], 4)], naive: ([a, b]) => [naiveMatMul(a!, b!, [2, 5, 3, 2], 4)] },
  ],
  linear: [
    {
      what: 'weight as checkpoints store it',
      inputs: [noise([3, 4], 1), noise([5, 4], 2), noise([5], 3)],
      naive: ([x, weight, bias]) => [
        build([3, 5], ([row = 0, column = 0]) => at(bias!, [column]) + sum(4, (k) => at(x!, [row, k]) * at(weight!, [column, k]))),
      ],
    },
  ],
  reshape: [{ what: 'flat', inputs: [noise([2, 6])], constants: [integers([3, 4])], parameters: { shape: [3, 4] }, naive: ([x]) => [{ shape: [3, 4], values: x!.values }] }],
  expand: [
    {
      what: 'two axes',
      inputs: [noise([1, 3, 1])],
      constants: [integers([2, 3, 4])],
      parameters: { shape: [2, 3, 4] },
      naive: ([x]) => [build([2, 3, 4], (index) => at(x!, index))],
    },
  ],
  transpose: [
    {
      what: 'three axes',
      inputs: [noise([2, 3, 4])],
      parameters: { permutation: [2, 0, 1] },
      naive: ([x]) => [build([4, 2, 3], ([a = 0, b = 0, c = 0]) => at(x!, [b, c, a]))],
    },
  ],
  concat: [
    {
      what: 'middle axis',
      inputs: [noise([2, 1, 3], 1), noise([2, 2, 3], 2)],
      parameters: { axis: 1 },
      naive: ([a, b]) => [build([2, 3, 3], ([i = 0, j = 0, k = 0]) => (j < 1 ? at(a!, [i, j, k]) : at(b!, [i, j - 1, k])))],
    },
  ],
  slice: [
    {
      what: 'inside an axis',
      inputs: [noise([2, 5])],
      constants: [integers([1]), integers([4]), integers([1])],
      parameters: { axis: 1, start: 1, size: 3 },
      naive: ([x]) => [build([2, 3], ([row = 0, column = 0]) => at(x!, [row, column + 1]))],
    },
  ],
  split: [
    {
      what: 'thirds',
      inputs: [noise([2, 6])],
      parameters: { axis: 1, parts: 3 },
      naive: ([x]) => [0, 1, 2].map((part) => build([2, 2], ([row = 0, column = 0]) => at(x!, [row, 2 * part + column]))),
    },
  ],
  gather: [
    {
      what: 'rows, repeated',
      inputs: [noise([4, 3]), int64([3], [2, 0, 2])],
      parameters: { axis: 0 },
      naive: ([x, rows]) => [build([3, 3], ([row = 0, column = 0]) => at(x!, [at(rows!, [row]), column]))],
    },
  ],
  sizeOf: [{ what: 'second axis', inputs: [noise([3, 7])], parameters: { axis: 1 }, naive: () => [{ shape: [1], values: [7] }] }],
  mean: [
    { what: 'kept', inputs: [noise([3, 4])], constants: [integers([1])], parameters: { axis: 1, keepDims: true }, naive: ([x]) => [build([3, 1], ([row = 0]) => sum(4, (k) => at(x!, [row, k])) / 4)] },
    { what: 'dropped', inputs: [noise([3, 4])], constants: [integers([0])], parameters: { axis: 0, keepDims: false }, naive: ([x]) => [build([4], ([column = 0]) => sum(3, (k) => at(x!, [k, column])) / 3)] },
  ],
  softmax: [{ what: 'last axis', inputs: [noise([2, 3, 4])], naive: ([x]) => [build([2, 3, 4], (index) => softmaxOver(x!, index))] }],
  layerNorm: [
    {
      what: 'population variance',
      inputs: [noise([2, 5], 1), noise([5], 2), noise([5], 3)],
      parameters: { epsilon: 1e-6 },
      naive: ([x, weight, bias]) => [
        build([2, 5], ([row = 0, column = 0]) => {
          const average = sum(5, (k) => at(x!, [row, k])) / 5
          const variance = sum(5, (k) => (at(x!, [row, k]) - average) ** 2) / 5
          return ((at(x!, [row, column]) - average) / Math.sqrt(variance + 1e-6)) * at(weight!, [column]) + at(bias!, [column])
        }),
      ],
    },
  ],
  multiHeadAttention: [
    {
      what: 'two heads, fewer queries than keys',
      inputs: [noise([2, 3, 4], 1), noise([2, 5, 4], 2), noise([2, 5, 4], 3)],
      parameters: { heads: 2, scale: 0.6 },
      naive: ([query, key, value]) => [
        build([2, 3, 4], ([image = 0, row = 0, column = 0]) => {
          const head = Math.floor(column / 2)
          const scores = Array.from({ length: 5 }, (_, k) => Math.exp(0.6 * sum(2, (d) => at(query!, [image, row, 2 * head + d]) * at(key!, [image, k, 2 * head + d]))))
          const total = scores.reduce((a, b) => a + b, 0)
          return sum(5, (k) => ((scores[k] ?? 0) / total) * at(value!, [image, k, column]))
        }),
      ],
    },
  ],
}

describe.each(Object.keys(opRules) as OpName[])('%s', (name) => {
  it('has cases', () => {
    expect(cases[name].length).toBeGreaterThan(0)
  })

  it.each(cases[name])('$what: the inferred shape and the result are those of a naive loop', async ({ inputs, constants = [], parameters, naive }) => {
    const fed = inputs.map((tensor, index) => input(`x${index}`, tensor.dtype, tensor.shape))
    const values = applyRule(opRules[name] as OpRule<unknown>, [...fed, ...constants], parameters)
    const expected = naive(inputs.map(naiveOf))
    const results = await runGraph(
      Object.fromEntries(values.map((value, index) => [`y${index}`, value])),
      Object.fromEntries(inputs.map((tensor, index) => [`x${index}`, tensor])),
    )
    expect(values.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape))
    for (const [index, { shape, values: wanted }] of expected.entries()) {
      const result = naiveOf(results[`y${index}`]!)
      expect(result.shape).toEqual(shape)
      expect(maxDifference(result.values, wanted)).toBeLessThan(1e-4)
    }
  })
})
