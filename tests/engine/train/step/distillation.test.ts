/** @file A step of distillation held to plain loops: its losses, its gradients, a teacher that stays as it is, and a spare average that nothing depends on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildModel, input } from '../../../../src/engine/graph'
import { antialiasedInterpolation, offsetInterpolation, parametersFrom, positionWeights, visionTransformer, vitParameters, type ParameterSpec, type VitConfig } from '../../../../src/engine/nn'
import { parameterGroup } from '../../../../src/engine/optim'
import { createRuntime, type Runtime, type Session } from '../../../../src/engine/runtime'
import { randomStream, type Tensor } from '../../../../src/engine/tensor'
import { openDeviceStepper, openStepper, tensorOf, type FlatTensors, type StepRates, type StepSpec, type Stepper, type UpdateOptions } from '../../../../src/engine/train/step'
import { createCpuDevice } from '../../../helpers/cpu-device'
import { stateDifferences } from '../../../helpers/step-comparison'
import { maxDifference, noise } from '../../../helpers/tensors'

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
})
afterAll(async () => {
  await runtime.dispose()
})

const patch = 4
const common = { family: 'dinov2', patchSize: patch, feedForward: 'mlp', layerScale: false, layerNormEps: 1e-6 } as const
const student: VitConfig = { ...common, dim: 8, depth: 1, heads: 2, hidden: 16, registers: 0, maskToken: true, positionGrid: 2, positionInterpolation: offsetInterpolation }
/** Wider, deeper, with registers and another position grid: only the patches are the student's. */
const teacher: VitConfig = { ...common, dim: 12, depth: 2, heads: 3, hidden: 24, registers: 2, maskToken: false, positionGrid: 3, positionInterpolation: antialiasedInterpolation }
const [prototypes, patchPrototypes] = [7, 5]
const [batch, locals, globalSize, localSize] = [3, 2, 8, 4]
const studentTemperature = 0.1
const temperature = 0.07
const koleoWeight = 0.1

const spec: StepSpec = {
  method: 'distill',
  config: student,
  head: { inputDim: 8, hidden: 10, bottleneck: 6, prototypes, layers: 3 },
  ibotHead: { inputDim: 8, hidden: 9, bottleneck: 4, prototypes: patchPrototypes, layers: 2 },
  batch,
  globalSize,
  localSize,
  localCrops: locals,
  weights: { dino: 1, ibot: 1, koleo: koleoWeight },
  centering: 'sinkhorn_knopp',
  studentTemperature,
  // One head of its own, as a run leaves it, and one of a single layer, as is made of tokens.
  teacher: { config: teacher, head: { inputDim: 12, hidden: 14, bottleneck: 5, prototypes, layers: 3 }, ibotHead: { inputDim: 12, hidden: 12, bottleneck: 12, prototypes: patchPrototypes, layers: 1 } },
  maskedRows: 0,
  dropPath: { rate: 0, uniform: true, kind: 'batch-subset' },
  recompute: false,
  attention: 'fused',
  precision: 'float32',
}

const options = (overrides: Partial<UpdateOptions> = {}): UpdateOptions => ({
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  clip: { limit: 3, per: 'submodule' },
  centreMomentum: 0.9,
  groupOf: (name) => parameterGroup('distill', name, 2, { depth: 1, layerwiseDecay: 1, patchEmbedMultiplier: 1, normLastLayer: false }),
  ...overrides,
})
const rates = (changes: Partial<StepRates> = {}): StepRates => ({ lr: 0, lastLayerLr: 0, weightDecay: 0, momentum: 1, teacherTemperature: temperature, lastLayerFrozen: false, ...changes })

const crops = (count: number, size: number, seed: number): Tensor<'float32'> => noise([count * batch, (size / patch) ** 2, 3 * patch ** 2], seed)
const feeds = { global: crops(2, globalSize, 11), local: crops(locals, localSize, 12) }

function fill({ data }: FlatTensors, seed: number): void {
  const random = randomStream(seed)
  for (let index = 0; index < data.length; index++) data[index] = 0.4 * random.normal()
}

async function openStep(change: Partial<StepSpec> = {}, update: Partial<UpdateOptions> = {}): Promise<Stepper> {
  const stepper = await openStepper(runtime, { ...spec, ...change }, options(update))
  fillState(stepper)
  return stepper
}

function fillState({ state }: Stepper): void {
  fill(state.student, 1)
  fill(state.frozen!, 2)
  state.teacher.data.set(state.student.data)
}

// ── The same numbers another way: tokens of single pictures through the inference graph, everything after them in doubles ──

type Rows = readonly (readonly number[])[]
interface Tokens {
  readonly cls: Rows
  readonly patches: Rows
}

const sessions = new Map<string, Session>()
afterAll(async () => {
  for (const session of sessions.values()) await session.release()
})

const learnedNames = (config: VitConfig): readonly ParameterSpec[] => vitParameters(config).filter(({ name }) => name !== 'mask_token')

async function openTokens(config: VitConfig, pictures: Tensor<'float32'>, grid: number): Promise<Session> {
  const key = JSON.stringify([config.dim, pictures.shape])
  const known = sessions.get(key)
  if (known !== undefined) return known
  const names = learnedNames(config)
  const values = new Map(names.map(({ name, shape }) => [name, input(name, 'float32', shape)]))
  const shapes = { patches: input('patches', 'float32', pictures.shape), rows: input('rows', 'float32', [grid, config.positionGrid]), columns: input('columns', 'float32', [grid, config.positionGrid]) }
  const { tokens } = visionTransformer(config, parametersFrom(values, 'the test'), shapes, 'composed')
  const session = await runtime.open(buildModel('tokens', { tokens }, () => new Uint8Array()))
  sessions.set(key, session)
  return session
}

/** Tokens of `pictures` of `[count, patches, 3p²]`, row by row. */
async function tokensOf(config: VitConfig, weights: FlatTensors, pictures: Tensor<'float32'>): Promise<Tokens> {
  const grid = Math.sqrt(pictures.shape[1]!)
  const session = await openTokens(config, pictures, grid)
  const { rows, columns } = positionWeights(config.positionGrid, { height: grid, width: grid }, config.positionInterpolation)
  const found = await session.run({ ...Object.fromEntries(learnedNames(config).map(({ name }) => [name, tensorOf(weights, `backbone.${name}`)])), patches: pictures, rows, columns })
  const { data, shape } = found['tokens'] as Tensor<'float32'>
  const [count = 0, length = 0, dim = 0] = shape
  const row = (picture: number, token: number): number[] => Array.from(data.subarray((picture * length + token) * dim, (picture * length + token + 1) * dim))
  const cls = Array.from({ length: count }, (_, picture) => row(picture, 0))
  const patches = Array.from({ length: count * grid * grid }, (_, index) => row(Math.floor(index / (grid * grid)), 1 + config.registers + (index % (grid * grid))))
  return { cls, patches }
}

/** The error function by its series. */
function erf(x: number): number {
  let [term, sum] = [x, x]
  for (let n = 1; n < 60; n++) {
    term *= -(x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0)
const length = (x: readonly number[]): number => Math.sqrt(dot(x, x))
const unit = (x: readonly number[]): number[] => x.map((value) => value / length(x))

/** Scores of rows by a head: MLP with GELU between its layers, length 1, cosines with prototypes times their gains. */
function headScores(weights: FlatTensors, prefix: string, layers: number, rows: Rows): Rows {
  const matrix = (name: string): Rows => {
    const { data, shape } = tensorOf(weights, `${prefix}.${name}`)
    return Array.from({ length: shape[0]! }, (_, row) => Array.from(data.subarray(row * shape[1]!, (row + 1) * shape[1]!)))
  }
  const bias = (name: string): number[] => Array.from(tensorOf(weights, `${prefix}.${name}`).data)
  const gains = bias('last_layer.weight_g')
  const directions = matrix('last_layer.weight_v')
  return rows.map((row) => {
    let hidden: readonly number[] = row
    for (let layer = 0; layer < layers; layer++) {
      const name = layers === 1 ? 'mlp' : `mlp.${2 * layer}`
      const offsets = bias(`${name}.bias`)
      const linear = matrix(`${name}.weight`).map((weight, index) => dot(weight, hidden) + offsets[index]!)
      hidden = layer < layers - 1 ? linear.map((value) => 0.5 * value * (1 + erf(value / Math.SQRT2))) : linear
    }
    return directions.map((direction, index) => (gains[index]! * dot(unit(hidden), direction)) / length(direction))
  })
}

/** Sinkhorn-Knopp as published, prototypes by samples. */
function sinkhorn(scores: Rows): Rows {
  const [samples, count] = [scores.length, scores[0]!.length]
  const q = Array.from({ length: count }, (_, k) => scores.map((row) => Math.exp(row[k]! / temperature)))
  const total = q.flat().reduce((sum, value) => sum + value, 0)
  q.forEach((row) => { row.forEach((value, sample) => { row[sample] = value / total }) })
  for (let iteration = 0; iteration < 3; iteration++) {
    for (const row of q) {
      const sum = row.reduce((all, value) => all + value, 0)
      row.forEach((value, sample) => { row[sample] = value / sum / count })
    }
    for (let sample = 0; sample < samples; sample++) {
      const sum = q.reduce((all, row) => all + row[sample]!, 0)
      for (const row of q) row[sample] = row[sample]! / sum / samples
    }
  }
  return scores.map((_, sample) => q.map((row) => row[sample]! * samples))
}

function crossEntropy(target: readonly number[], scores: readonly number[]): number {
  const logits = scores.map((score) => score / studentTemperature)
  const largest = Math.max(...logits)
  const logSum = largest + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - largest), 0))
  return -target.reduce((sum, probability, k) => sum + probability * (logits[k]! - logSum), 0)
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** KoLeo of the features of one crop. */
function koleo(features: Rows): number {
  const points = features.map(unit)
  const distances = points.map((point, self) => {
    const others = points.map((other, index) => (index === self ? -1 : dot(point, other)))
    const nearest = points[others.indexOf(Math.max(...others))]!
    return length(point.map((value, index) => value - nearest[index]! + 1e-8))
  })
  return -meanOf(distances.map((distance) => Math.log(distance + 1e-8)))
}

interface Losses {
  readonly loss: number
  readonly dino: number
  readonly ibot: number
  readonly koleo: number
}

/** Every view of the student answers for the teacher's view of another global crop, and every patch of its global crops for the same patch. */
async function plainLosses({ student: ours, frozen: theirs }: { readonly student: FlatTensors; readonly frozen: FlatTensors | undefined }): Promise<Losses> {
  const [globals, small, taught] = [await tokensOf(student, ours, feeds.global), await tokensOf(student, ours, feeds.local), await tokensOf(teacher, theirs!, feeds.global)]
  const scores = headScores(ours, 'dino_head', 3, [...globals.cls, ...small.cls])
  const targets = sinkhorn(headScores(theirs!, 'dino_head', 3, taught.cls))
  const pairs: number[] = []
  for (let view = 0; view < 2 + locals; view++)
    for (let other = 0; other < 2; other++)
      if (view !== other) pairs.push(meanOf(Array.from({ length: batch }, (_, picture) => crossEntropy(targets[other * batch + picture]!, scores[view * batch + picture]!))))
  const patchScores = headScores(ours, 'ibot_head', 2, globals.patches)
  const patchTargets = sinkhorn(headScores(theirs!, 'ibot_head', 1, taught.patches))
  const [dino, ibot] = [meanOf(pairs), meanOf(patchScores.map((row, index) => crossEntropy(patchTargets[index]!, row)))]
  const spread = koleoWeight * (koleo(globals.cls.slice(0, batch)) + koleo(globals.cls.slice(batch)))
  return { loss: dino + ibot + spread, dino, ibot, koleo: spread }
}

describe('the losses of a distillation step', () => {
  it('are those of plain loops over the tokens of both networks', async () => {
    const stepper = await openStep()
    const { metrics, features } = await stepper.step([feeds], rates())
    const expected = await plainLosses(stepper.state)
    expect(maxDifference([metrics['loss']!, metrics['loss.dino']!, metrics['loss.ibot']!, metrics['loss.koleo']!], [expected.loss, expected.dino, expected.ibot, expected.koleo])).toBeLessThan(1e-5)
    // What is watched for collapse is the network that learns.
    expect(maxDifference(features.data, (await tokensOf(student, stepper.state.student, feeds.global)).cls.flat())).toBeLessThan(1e-5)
    await stepper.release()
  })

  it('have the gradient that small changes of the weights have', async () => {
    const stepper = await openStep()
    await stepper.step([feeds], rates())
    const gradient = stepper.gradient!
    const places = [
      ['dino_head.mlp.0.weight', 3],
      ['dino_head.mlp.4.bias', 1],
      ['dino_head.last_layer.weight_v', 8],
      ['dino_head.last_layer.weight_g', 2],
      ['ibot_head.mlp.2.weight', 5],
      ['ibot_head.last_layer.weight_v', 6],
      ['backbone.blocks.0.mlp.fc1.weight', 17],
      ['backbone.blocks.0.attn.qkv.weight', 150],
      ['backbone.patch_embed.proj.weight', 40],
      ['backbone.norm.weight', 4],
      ['backbone.cls_token', 2],
      ['backbone.pos_embed', 19],
    ] as const
    const step = 2 ** -8
    for (const [name, index] of places) {
      const { data } = tensorOf(stepper.state.student, name)
      const before = data[index]!
      const at = async (value: number): Promise<number> => {
        data[index] = value
        return (await plainLosses(stepper.state)).loss
      }
      // Four points: the error of the difference itself falls with the fourth power of the step.
      const slope = (8 * ((await at(before + step)) - (await at(before - step))) - ((await at(before + 2 * step)) - (await at(before - 2 * step)))) / (12 * step)
      data[index] = before
      const found = tensorOf(gradient, name).data[index]!
      expect(Math.abs(found), name).toBeGreaterThan(1e-3)
      expect(Math.abs(found - slope), `${name}: ${found} and ${slope}`).toBeLessThan(2e-3 * Math.max(0.1, Math.abs(slope)))
    }
    expect(tensorOf(gradient, 'backbone.mask_token').data.every((value) => value === 0)).toBe(true)
    await stepper.release()
  })

  it('follow centred targets, too, whose centres follow the frozen teacher', async () => {
    const stepper = await openStep({ centering: 'centering' })
    const { frozen } = stepper.state
    await stepper.step([feeds], rates())
    const { cls, patches } = await tokensOf(teacher, frozen!, feeds.global)
    const meanScore = (rows: Rows): number[] => rows[0]!.map((_, k) => 0.1 * meanOf(rows.map((row) => row[k]!)))
    expect(maxDifference(stepper.state.centre!.data, meanScore(headScores(frozen!, 'dino_head', 3, cls)))).toBeLessThan(1e-6)
    expect(maxDifference(stepper.state.centreIbot!.data, meanScore(headScores(frozen!, 'ibot_head', 1, patches)))).toBeLessThan(1e-6)
    await stepper.release()
  })
})

describe('steps of distillation', () => {
  const learning = (momentum: number): StepRates => rates({ lr: 0.01, lastLayerLr: 0.01, weightDecay: 0.04, momentum })

  it('leave the teacher as it is, and the average follows the student without a word in it', async () => {
    const [fast, slow] = [await openStep(), await openStep()]
    const before = fast.state.frozen!.data.slice()
    const losses: number[] = []
    let average = Float64Array.from(slow.state.student.data)
    for (let step = 0; step < 8; step++) {
      losses.push((await fast.step([feeds], learning(0))).metrics['loss']!)
      await slow.step([feeds], learning(0.9))
      average = average.map((value, index) => 0.9 * value + 0.1 * slow.state.student.data[index]!)
    }
    expect(losses.at(-1)! < losses[0]! - 0.1, losses.join(' ')).toBe(true)
    expect([fast.state.frozen!.data, slow.state.frozen!.data]).toEqual([before, before])
    // Bit for bit: nothing that the student learns depends on the average.
    expect(slow.state.student.data).toEqual(fast.state.student.data)
    expect(fast.state.teacher.data).toEqual(fast.state.student.data)
    expect(maxDifference(slow.state.teacher.data, average)).toBeLessThan(1e-6)
    expect(maxDifference(slow.state.teacher.data, slow.state.student.data)).toBeGreaterThan(1e-3)
    await Promise.all([fast.release(), slow.release()])
  })

  it('are the same on a device, where the teacher is brought once', async () => {
    const device = createCpuDevice(runtime)
    const there = await openDeviceStepper(device, spec, options())
    const here = await openStep()
    fillState(there)
    for (let step = 0; step < 3; step++) {
      const before = device.traffic().uploadedBytes
      const [found, expected] = [await there.step([feeds], learning(0.9)), await here.step([feeds], learning(0.9))]
      expect(Math.abs(found.metrics['loss']! - expected.metrics['loss']!)).toBeLessThan(1e-5)
      if (step > 0) expect(device.traffic().uploadedBytes - before).toBeLessThan(there.state.frozen!.data.byteLength)
    }
    await there.pull()
    const { student: apart, teacher: averages } = stateDifferences(there.state, here.state)
    expect([apart < 1e-5, averages < 1e-5]).toEqual([true, true])
    await Promise.all([there.release(), here.release()])
    expect(device.live()).toBe(0)
  })
})
