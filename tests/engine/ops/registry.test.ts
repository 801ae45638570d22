import { describe, expect, it } from 'vitest'
import { gradients } from '../../../src/engine/autodiff'
import { constant, input, integers, scalar, type Value } from '../../../src/engine/graph'
import { add, multiply, opRules, sumAll, type OpName } from '../../../src/engine/ops'
import { applyRule, type OpRule } from '../../../src/engine/ops/rule'
import type { Tensor } from '../../../src/engine/tensor'
import { at, build, erf, naiveOf, sum, type Naive } from '../../helpers/naive'
import { runGraph } from '../../helpers/run-graph'
import { bool, float32, int64, int8, maxDifference, noise } from '../../helpers/tensors'

interface OpCase {
  readonly what: string
  readonly inputs: readonly Tensor[]
  readonly parameters?: unknown
  /** Inputs that are part of the graph rather than fed. */
  readonly constants?: readonly Value[]
  /** How many of the outputs a loss may depend on; by default all. */
  readonly differentiable?: number
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

const positive = (tensor: Tensor<'float32'>): Tensor<'float32'> => ({ ...tensor, data: tensor.data.map((value) => 0.3 + Math.abs(value)) })

const unary = (map: (x: number) => number, domain: (tensor: Tensor<'float32'>) => Tensor = (tensor) => tensor): readonly OpCase[] => [
  { what: 'noise', inputs: [domain(noise([3, 4]))], naive: ([x]) => [build(x!.shape, (index) => map(at(x!, index)))] },
]

const naiveMatMul = (a: Naive, b: Naive, shape: readonly number[], inner: number): Naive =>
  build(shape, (index) => {
    const lead = index.slice(0, -2)
    const [row = 0, column = 0] = index.slice(-2)
    return sum(inner, (k) => at(a, [...lead, row, k]) * at(b, [...lead, k, column]))
  })

/** Half to even, as IEEE 754 rounds. */
const roundEven = (value: number): number => {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
}

/** x in unsigned bytes, the integers multiplied and added up exactly, then scaled: ONNX's DynamicQuantizeLinear and MatMulInteger, word for word. */
const int8Product = (x: Naive, weight: Naive, scales: readonly number[], bias: readonly number[]): Naive => {
  const [largest, smallest] = [Math.max(0, ...x.values), Math.min(0, ...x.values)]
  const scale = Math.fround((largest - smallest) / 255)
  const zero = roundEven(Math.min(255, Math.max(0, Math.fround(-smallest / scale))))
  const quantised = x.values.map((value) => Math.min(255, Math.max(0, roundEven(Math.fround(value / scale)) + zero)) - zero)
  const inner = x.shape[1] ?? 0
  return build([x.shape[0] ?? 0, scales.length], ([row = 0, column = 0]) => bias[column]! + scale * scales[column]! * sum(inner, (k) => quantised[row * inner + k]! * at(weight, [k, column])))
}

const softmaxOver = (x: Naive, index: readonly number[]): number => {
  const lead = index.slice(0, -1)
  return Math.exp(at(x, index)) / sum(x.shape.at(-1) ?? 0, (k) => Math.exp(at(x, [...lead, k])))
}

const cases: Readonly<Record<OpName, readonly OpCase[]>> = {
  add: binary((a, b) => a + b),
  subtract: binary((a, b) => a - b),
  multiply: binary((a, b) => a * b),
  divide: binary((a, b) => a / b),
  negate: unary((x) => -x),
  exp: unary(Math.exp),
  log: unary(Math.log, positive),
  sqrt: unary(Math.sqrt, positive),
  erf: unary(erf),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  hardSigmoid: unary((x) => Math.min(1, Math.max(0, x / 2 + 0.5))),
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
    { what: 'from float32 to float32', inputs: [noise([3])], parameters: { to: 'float32' }, naive: ([x]) => [x!] },
    { what: 'from bool', inputs: [bool([2], [true, false])], parameters: { to: 'float32' }, naive: ([x]) => [x!] },
  ],
  matMul: [
    { what: 'matrices', inputs: [noise([3, 4], 1), noise([4, 2], 2)], naive: ([a, b]) => [naiveMatMul(a!, b!, [3, 2], 4)] },
    { what: 'batches', inputs: [noise([2, 1, 3, 4], 3), noise([5, 4, 2], 4)], naive: ([a, b]) => [naiveMatMul(a!, b!, [2, 5, 3, 2], 4)] },
  ],
  gemm: [
    {
      what: 'weight as checkpoints store it',
      inputs: [noise([3, 4], 1), noise([5, 4], 2), noise([5], 3)],
      parameters: { transposeLeft: false, transposeRight: true },
      naive: ([x, weight, bias]) => [
        build([3, 5], ([row = 0, column = 0]) => at(bias!, [column]) + sum(4, (k) => at(x!, [row, k]) * at(weight!, [column, k]))),
      ],
    },
    ...[false, true].flatMap((transposeLeft) =>
      [false, true].map((transposeRight): OpCase => ({
        what: `left ${transposeLeft ? 'transposed' : 'as it is'}, right ${transposeRight ? 'transposed' : 'as it is'}`,
        inputs: [noise(transposeLeft ? [4, 3] : [3, 4], 1), noise(transposeRight ? [5, 4] : [4, 5], 2)],
        parameters: { transposeLeft, transposeRight },
        naive: ([left, right]) => [
          build([3, 5], ([row = 0, column = 0]) => sum(4, (k) => at(left!, transposeLeft ? [k, row] : [row, k]) * at(right!, transposeRight ? [column, k] : [k, column]))),
        ],
      })),
    ),
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
      constants: [integers([2, 2, 2])],
      parameters: { axis: 1, sizes: [2, 2, 2] },
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
  pad: [
    {
      what: 'a middle axis',
      inputs: [noise([2, 2, 3])],
      constants: [integers([0, 1, 0, 0, 2, 0])],
      parameters: { axis: 1, before: 1, after: 2 },
      naive: ([x]) => [build([2, 5, 3], ([i = 0, j = 0, k = 0]) => (j >= 1 && j < 3 ? at(x!, [i, j - 1, k]) : 0))],
    },
  ],
  range: [
    {
      what: 'a count from a start',
      inputs: [int64([], [3]), int64([], [11]), int64([], [2])],
      parameters: { size: 4 },
      naive: ([start, , step]) => [build([4], ([index = 0]) => at(start!, []) + index * at(step!, []))],
    },
  ],
  clip: [
    {
      what: 'both bounds',
      inputs: [noise([3, 4])],
      constants: [scalar(-0.5), scalar(0.7)],
      naive: ([x]) => [build([3, 4], (index) => Math.min(Math.max(at(x!, index), -0.5), 0.7))],
    },
  ],
  scatterAdd: [
    {
      what: 'a row named twice',
      inputs: [noise([4, 3], 1), int64([3, 1], [2, 0, 2]), noise([3, 3], 2)],
      naive: ([x, rows, updates]) => [
        build([4, 3], ([row = 0, column = 0]) => at(x!, [row, column]) + sum(3, (update) => (at(rows!, [update, 0]) === row ? at(updates!, [update, column]) : 0))),
      ],
    },
  ],
  conv2d: [1, 2].map((stride) => ({
    what: `3 × 3, stride ${stride}, zeros around it`,
    inputs: [noise([2, 3, 5, 6], 1), noise([4, 3, 3, 3], 2), noise([4], 3)],
    parameters: { stride, padding: 1 },
    naive: ([x, weight, bias]) => [
      build([2, 4, Math.floor(4 / stride) + 1, Math.floor(5 / stride) + 1], ([image = 0, out = 0, row = 0, column = 0]) => {
        let total = at(bias!, [out])
        for (let channel = 0; channel < 3; channel++)
          for (let y = 0; y < 3; y++)
            for (let dx = 0; dx < 3; dx++) {
              const [top, left] = [row * stride + y - 1, column * stride + dx - 1]
              if (top >= 0 && top < 5 && left >= 0 && left < 6) total += at(x!, [image, channel, top, left]) * at(weight!, [out, channel, y, dx])
            }
        return total
      }),
    ],
  })),
  argMax: [
    {
      what: 'last axis',
      inputs: [noise([4, 5])],
      parameters: { axis: 1 },
      naive: ([x]) => [build([4], ([row = 0]) => [0, 1, 2, 3, 4].reduce((best, column) => (at(x!, [row, column]) > at(x!, [row, best]) ? column : best), 0))],
    },
  ],
  int8Linear: ([
    ['both signs', [noise([6, 5], 1), [3, -64, 0, 17, 64, 5, 1, -1, 40, -33, 12, 9, -7, 20, 2]]],
    ['only positive, where 0 counts as the smallest', [positive(noise([4, 5], 4)), [64, 64, 64, -64, -64, -64, 1, 2, 3, 4, 5, 6, 7, 8, 9]]],
  ] satisfies readonly (readonly [string, readonly [Tensor<'float32'>, readonly number[]]])[]).map(([what, [x, weight]]): OpCase => ({
    what,
    inputs: [x, int8([5, 3], weight)],
    constants: [constant(float32([3], [0.01, 0.02, 0.005])), constant(int8([3], [0, 0, 0])), constant(float32([3], [0.5, 0, -1]))],
    naive: ([rows, matrix]) => [int8Product(rows!, matrix!, [0.01, 0.02, 0.005], [0.5, 0, -1])],
  })),
  sizeOf: [{ what: 'second axis', inputs: [noise([3, 7])], parameters: { axis: 1 }, naive: () => [{ shape: [1], values: [7] }] }],
  mean: [
    { what: 'kept', inputs: [noise([3, 4])], constants: [integers([1])], parameters: { axis: 1, keepDims: true }, naive: ([x]) => [build([3, 1], ([row = 0]) => sum(4, (k) => at(x!, [row, k])) / 4)] },
    { what: 'dropped', inputs: [noise([3, 4])], constants: [integers([0])], parameters: { axis: 0, keepDims: false }, naive: ([x]) => [build([4], ([column = 0]) => sum(3, (k) => at(x!, [k, column])) / 3)] },
  ],
  sum: [
    { what: 'kept', inputs: [noise([3, 4])], constants: [integers([-1])], parameters: { axis: -1, keepDims: true }, naive: ([x]) => [build([3, 1], ([row = 0]) => sum(4, (k) => at(x!, [row, k])))] },
    { what: 'dropped', inputs: [noise([3, 4])], constants: [integers([0])], parameters: { axis: 0, keepDims: false }, naive: ([x]) => [build([4], ([column = 0]) => sum(3, (k) => at(x!, [k, column])))] },
  ],
  sumSquares: [
    { what: 'dropped', inputs: [noise([3, 4])], constants: [integers([1])], parameters: { axis: 1, keepDims: false }, naive: ([x]) => [build([3], ([row = 0]) => sum(4, (k) => at(x!, [row, k]) ** 2))] },
  ],
  logSoftmax: [{ what: 'last axis', inputs: [noise([2, 3, 4])], naive: ([x]) => [build([2, 3, 4], (index) => Math.log(softmaxOver(x!, index)))] }],
  softmax: [{ what: 'last axis', inputs: [noise([2, 3, 4])], naive: ([x]) => [build([2, 3, 4], (index) => softmaxOver(x!, index))] }],
  layerNorm: [
    {
      what: 'population variance',
      inputs: [noise([2, 5], 1), noise([5], 2), noise([5], 3)],
      parameters: { epsilon: 1e-6 },
      differentiable: 1,
      naive: ([x, weight, bias]) => {
        const average = (row: number): number => sum(5, (k) => at(x!, [row, k])) / 5
        const inverse = (row: number): number => 1 / Math.sqrt(sum(5, (k) => (at(x!, [row, k]) - average(row)) ** 2) / 5 + 1e-6)
        return [
          build([2, 5], ([row = 0, column = 0]) => (at(x!, [row, column]) - average(row)) * inverse(row) * at(weight!, [column]) + at(bias!, [column])),
          build([2, 1], ([row = 0]) => average(row)),
          build([2, 1], ([row = 0]) => inverse(row)),
        ]
      },
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

/** Σ of every output times fixed noise: a scalar that depends on every element differently. */
const projection = (shape: readonly number[], output: number): Tensor<'float32'> => noise(shape, 100 + output)

function naiveLoss(inputs: readonly Naive[], { naive, differentiable }: OpCase): number {
  return naive(inputs)
    .slice(0, differentiable)
    .reduce((total, { shape, values }, output) => {
      const weights = projection(shape, output).data
      return total + values.reduce((part, value, index) => part + value * (weights[index] ?? NaN), 0)
    }, 0)
}

/** Central differences of the naive loops, in double precision. */
function differences(opCase: OpCase, which: number): number[] {
  const inputs = opCase.inputs.map(naiveOf)
  const step = 1e-5
  const nudged = (element: number, by: number): number =>
    naiveLoss(inputs.map((input, index) => (index === which ? { ...input, values: input.values.map((value, at) => (at === element ? value + by : value)) } : input)), opCase)
  return inputs[which]!.values.map((_, element) => (nudged(element, step) - nudged(element, -step)) / (2 * step))
}

function applyCase(name: OpName, { inputs, constants = [], parameters }: OpCase): { readonly fed: readonly Value[]; readonly values: readonly Value[] } {
  const fed = inputs.map((tensor, index) => input(`x${index}`, tensor.dtype, tensor.shape))
  return { fed, values: applyRule(opRules[name] as OpRule<unknown>, [...fed, ...constants], parameters) }
}

describe.each(Object.keys(opRules) as OpName[])('%s', (name) => {
  it('has cases', () => {
    expect(cases[name].length).toBeGreaterThan(0)
  })

  it.each(cases[name])('$what: the inferred shape and the result are those of a naive loop', async (opCase) => {
    const { inputs, naive } = opCase
    const { values } = applyCase(name, opCase)
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

const differentiable = (Object.keys(opRules) as OpName[]).filter((name) => !('notDifferentiable' in opRules[name].gradient))
// A cast from or to whole numbers has no slope to compare with.
const smooth = ({ inputs, parameters }: OpCase): boolean =>
  inputs.some(({ dtype }) => dtype === 'float32') && (parameters as { readonly to?: string } | undefined)?.to !== 'int64'

describe.each(differentiable)('the gradient of %s', (name) => {
  it.each(cases[name].filter(smooth))('$what: is that of central differences', async (opCase) => {
    const { inputs } = opCase
    const { fed, values } = applyCase(name, opCase)
    const loss = values
      .slice(0, opCase.differentiable)
      .map((value, output) => sumAll(multiply(value, constant(projection(value.shape.map(Number), output)))))
      .reduce((total, term) => add(total, term))
    const smoothInputs = inputs.flatMap(({ dtype }, index) => (dtype === 'float32' ? [index] : []))
    const derived = gradients(loss, smoothInputs.map((index) => fed[index]!))
    const results = await runGraph(
      Object.fromEntries(derived.map((value, index) => [`g${index}`, value])),
      Object.fromEntries(inputs.map((tensor, index) => [`x${index}`, tensor])),
    )
    for (const [position, index] of smoothInputs.entries()) {
      const { shape, values: found } = naiveOf(results[`g${position}`]!)
      expect(shape).toEqual(inputs[index]!.shape)
      expect(maxDifference(found, differences(opCase, index))).toBeLessThan(1e-4)
    }
  })
})

const repeatable = (Object.keys(opRules) as OpName[]).filter((name) => (opRules[name] as OpRule<unknown>).again !== undefined)

describe.each(repeatable)('%s computed again for its gradient', (name) => {
  it.each(cases[name])('$what: is the output', async (opCase) => {
    const { values } = applyCase(name, opCase)
    const { source } = values[0]!
    if (source.kind !== 'node') throw new Error('an op made no node')
    const again = (opRules[name] as OpRule<unknown>).again!(source.node.inputs, source.node.outputs, opCase.parameters)
    const { y, z } = await runGraph({ y: values[0]!, z: again }, Object.fromEntries(opCase.inputs.map((tensor, index) => [`x${index}`, tensor])))
    expect(maxDifference(naiveOf(z!).values, naiveOf(y!).values)).toBeLessThan(1e-5)
  })
})

it('the ops computed again are those whose output is large and cheap', () => {
  expect(repeatable).toEqual(['gelu', 'layerNorm'])
})

it('the ops without a gradient say why', () => {
  const reasons = Object.entries(opRules).flatMap(([name, { gradient }]) => ('notDifferentiable' in gradient ? [[name, gradient.notDifferentiable.length > 10]] : []))
  expect(reasons).toEqual([
    ['argMax', true],
    ['conv2d', true],
    ['int8Linear', true],
    ['range', true],
    ['sizeOf', true],
  ])
})
