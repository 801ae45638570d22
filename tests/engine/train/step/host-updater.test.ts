/** @file Updates in place, piece by piece, are those of whole arrays. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { input } from '../../../../src/engine/graph'
import { adamW, adamWFactors, movingAverage, parameterGroup } from '../../../../src/engine/optim'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import { flatTensors, type StepRates, type TrainingState, type UpdateOptions } from '../../../../src/engine/train/step'
import { openHostUpdater } from '../../../../src/engine/train/step/host-updater'
import type { Tensor } from '../../../../src/engine/tensor'
import { runGraph } from '../../../helpers/run-graph'
import { float32, noise } from '../../../helpers/tensors'

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 2 })
})
afterAll(async () => {
  await runtime.dispose()
})

/** Sizes on both sides of a piece of 65 536, none of them a multiple but one. */
const parameters = [
  { name: 'backbone.pos_embed', shape: [2 * 65_536 + 17] },
  { name: 'backbone.norm.bias', shape: [5] },
  { name: 'head.mlp.weight', shape: [256, 256] },
  { name: 'head.last_layer.weight_g', shape: [65_537, 1] },
  { name: 'head.last_layer.weight_v', shape: [3, 7] },
]
const rates: StepRates = { lr: 0.01, lastLayerLr: 0.01, weightDecay: 0.3, momentum: 0.9, teacherTemperature: 0.04, lastLayerFrozen: false }
const options: UpdateOptions = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  clip: { limit: 3, per: 'parameter' },
  centreMomentum: 0.9,
  groupOf: (name) => parameterGroup('dino', name, parameters.find((parameter) => parameter.name === name)!.shape.length, { depth: 2, layerwiseDecay: 1, patchEmbedMultiplier: 1, normLastLayer: true }),
}

function fixture() {
  const filled = (specs: typeof parameters, seed: number) => {
    const flat = flatTensors(specs)
    flat.data.set(noise([flat.data.length], seed).data)
    return flat
  }
  const learned = parameters.filter(({ name }) => options.groupOf(name).trainable)
  const second = filled(parameters, 4)
  second.data.forEach((value, index) => (second.data[index] = value ** 2))
  const state: TrainingState = {
    parameters,
    student: filled(parameters, 1),
    teacher: filled(parameters, 2),
    frozen: undefined,
    first: filled(parameters, 3),
    second,
    centre: undefined,
    centreIbot: undefined,
    updates: new Map(parameters.map(({ name }) => [name, 6])),
    lossScale: undefined,
  }
  const gradient = filled(learned, 5)
  const squares = new Map([...gradient.tensors].map(([name, { data }]) => [name, data.reduce((sum, value) => sum + value ** 2, 0)]))
  return { state, gradient, squares }
}

const copies = ({ state }: ReturnType<typeof fixture>) =>
  Object.fromEntries((['student', 'first', 'second', 'teacher'] as const).map((role) => [role, new Map([...state[role].tensors].map(([name, { data }]) => [name, data.slice()]))]))

/** One run over the whole array, out of place. */
async function whole(name: string, before: ReturnType<typeof copies>, gradient: Float32Array | undefined, scale: number, count: number): Promise<Record<string, Float32Array>> {
  const of = (role: string): Float32Array => before[role]!.get(name)!
  const length = of('student').length
  const vector = (role: string) => input(role, 'float32', [length])
  const factor = (role: string) => input(role, 'float32', [])
  const tensor = (data: Float32Array): Tensor => ({ dtype: 'float32', shape: [length], data })
  const single = (value: number) => float32([], [value])
  const averaging = { teacher: tensor(of('teacher')), momentum: single(rates.momentum), complement: single(1 - rates.momentum) }
  if (gradient === undefined) {
    const { next } = await runGraph({ next: movingAverage(vector('teacher'), vector('student'), factor('momentum'), factor('complement')) }, { ...averaging, student: tensor(of('student')) })
    return { student: of('student'), first: of('first'), second: of('second'), teacher: next!.data as Float32Array }
  }
  const { weightDecayMultiplier } = options.groupOf(name)
  const numbers = adamWFactors({ ...options, lr: rates.lr, weightDecay: rates.weightDecay * weightDecayMultiplier }, count)
  const next = adamW(
    { parameter: vector('student'), first: vector('first'), second: vector('second') },
    vector('gradient'),
    options,
    { gradientScale: factor('gradientScale'), decay: factor('decay'), stepSize: factor('stepSize'), epsilon: factor('epsilon') },
  )
  const results = await runGraph(
    { student1: next.parameter, first1: next.first, second1: next.second, teacher1: movingAverage(vector('teacher'), next.parameter, factor('momentum'), factor('complement')) },
    {
      ...averaging,
      student: tensor(of('student')),
      first: tensor(of('first')),
      second: tensor(of('second')),
      gradient: tensor(gradient),
      gradientScale: single(scale),
      decay: single(numbers.decay),
      stepSize: single(numbers.stepSize),
      epsilon: single(numbers.epsilon),
    },
  )
  return Object.fromEntries(['student', 'first', 'second', 'teacher'].map((role) => [role, results[`${role}1`]!.data as Float32Array]))
}

describe('an update in place', () => {
  it.each([
    ['with everything that learns', false],
    ['with the prototypes held still', true],
  ])('gives every weight, moment and teacher exactly what a run over the whole array gives, %s', async (_what, lastLayerFrozen) => {
    const made = fixture()
    const before = copies(made)
    const { state, gradient, squares } = made
    const updater = await openHostUpdater(runtime, state, gradient, options)
    try {
      await updater.apply(squares, 0.5, { ...rates, lastLayerFrozen })
    } finally {
      await updater.release()
    }
    for (const { name } of parameters) {
      const { trainable, lastLayer } = options.groupOf(name)
      const learns = trainable && !(lastLayer && lastLayerFrozen)
      const scale = 0.5 * Math.min(1, 3 / (Math.sqrt(squares.get(name) ?? 0) + 1e-6))
      const expected = await whole(name, before, learns ? gradient.tensors.get(name)!.data : undefined, scale, 7)
      for (const role of ['student', 'first', 'second', 'teacher'] as const)
        expect(Buffer.from(new Uint8Array(state[role].tensors.get(name)!.data.slice().buffer)).equals(Buffer.from(new Uint8Array(expected[role]!.slice().buffer))), `${role} of ${name}`).toBe(true)
      expect(state.updates.get(name), name).toBe(learns ? 7 : 6)
    }
  })

  it('of a centre is momentum · centre + (1 - momentum) · mean, to its last element', async () => {
    const { state, gradient } = fixture()
    const [centre, mean] = [noise([1, 65_536 + 3], 8), noise([1, 65_536 + 3], 9)]
    const expected = centre.data.map((value, index) => Math.fround(Math.fround(value * Math.fround(0.8)) + Math.fround(mean.data[index]! * Math.fround(1 - 0.8))))
    const updater = await openHostUpdater(runtime, state, gradient, options)
    try {
      await updater.average(centre, mean, 0.8)
    } finally {
      await updater.release()
    }
    expect(centre.data.findIndex((value, index) => value !== expected[index])).toBe(-1)
  })
})
