/** @file The whole path in miniature: a transformer of two blocks learns from noise, its teacher is written as a model, and the model says what the teacher said. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { liveBackbone, loadBackbone, type PatchBatch } from '../src/engine/inference'
import { initialHeadParameters, initialParameters, vitParameters, type VitConfig } from '../src/engine/nn'
import { parameterGroup } from '../src/engine/optim'
import { createRuntime, type Runtime } from '../src/engine/runtime'
import type { Tensor } from '../src/engine/tensor'
import { networkParameters, openStepper, type StepRates, type StepSpec, type Stepper } from '../src/engine/train/step'
import { addModel, defaultPreprocessing, verifyModelFolder } from '../src/engine/weights'
import { temporaryFolder } from './helpers/folders'
import { smallConfigs } from './helpers/small-models'
import { maxDifference, noise } from './helpers/tensors'

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
})
afterAll(async () => {
  await runtime.dispose()
})

const config: VitConfig = { ...smallConfigs.dino, patchSize: 4, positionGrid: 4 }
const spec: StepSpec = {
  method: 'dino',
  config,
  head: { inputDim: config.dim, hidden: 48, bottleneck: 16, prototypes: 64, layers: 3 },
  ibotHead: undefined,
  batch: 8,
  globalSize: 16,
  localSize: 8,
  localCrops: 2,
  weights: { dino: 1, ibot: 0, koleo: 0 },
  centering: 'sinkhorn_knopp',
  studentTemperature: 0.1,
  teacher: undefined,
  maskedRows: 0,
  dropPath: { rate: 0, uniform: false, kind: 'per-sample' },
  recompute: false,
  attention: 'fused',
  precision: 'float32',
}
const rates: StepRates = { lr: 1e-3, lastLayerLr: 1e-3, weightDecay: 0.04, momentum: 0.996, teacherTemperature: 0.04, lastLayerFrozen: false }

/** The same patches in every crop of a picture: there is something to agree on. */
function crops(count: number, patches: number): Tensor<'float32'> {
  const pictures = noise([spec.batch, patches, 48], 1)
  const data = new Float32Array(count * pictures.data.length)
  for (let crop = 0; crop < count; crop++) data.set(pictures.data.map((value, index) => value + 0.1 * Math.sin(crop + index)), crop * pictures.data.length)
  return { dtype: 'float32', shape: [count * spec.batch, patches, 48], data }
}

function fillWeights({ state }: Stepper): void {
  for (const [prefix, tensors] of [['backbone', initialParameters(config, 1)], ['head', initialHeadParameters(spec.head, 2)]] as const)
    for (const [name, { data }] of tensors) state.student.tensors.get(`${prefix}.${name}`)!.data.set(data)
  state.teacher.data.set(state.student.data)
}

it('learns for 20 steps, and its teacher as a model folder sees what the teacher in memory sees', async () => {
  const stepper = await openStepper(runtime, spec, {
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    clip: { limit: 3, per: 'parameter' },
    centreMomentum: 0.9,
    groupOf: (name) =>
      parameterGroup('dino', name, networkParameters(spec).find((parameter) => parameter.name === name)!.shape.length, { depth: config.depth, layerwiseDecay: 1, patchEmbedMultiplier: 1, normLastLayer: true }),
  })
  fillWeights(stepper)
  const feeds = { global: crops(2, 16), local: crops(2, 4) }
  const losses: number[] = []
  for (let step = 0; step < 20; step++) losses.push((await stepper.step([feeds], rates)).metrics['loss']!)
  // Balanced targets leave no cheap way down: what falls is learned.
  expect(losses.at(-1)! < losses[0]! - 1.5, losses.join(' ')).toBe(true)

  await stepper.pull()
  const teacher = new Map(vitParameters(config).map(({ name }) => [name, stepper.state.teacher.tensors.get(`backbone.${name}`)!]))
  const folder = await addModel(
    { modelsFolder: await temporaryFolder() },
    {
      name: 'Tiny',
      description: 'Twenty steps on noise.',
      trained: true,
      config,
      preprocessing: defaultPreprocessing,
      provenance: { source: 'run tiny, step 20', kind: 'dinoscope', checkpointKey: 'teacher', unexpectedKeys: [], importedAt: '2026-01-02T03:04:05.000Z' },
      tensors: vitParameters(config).map(({ name, shape }) => ({ name, shape, source: { dtype: 'float32', shape, read: () => Promise.resolve(teacher.get(name)!) } })),
    },
    { signal: new AbortController().signal, emit: () => undefined },
  )
  await verifyModelFolder(folder)

  const live = liveBackbone(runtime, folder.manifest, teacher)
  const loaded = loadBackbone(runtime, folder)
  const picture: PatchBatch = { count: 2, grid: { height: 3, width: 5 }, patches: noise([2, 15, 48], 7).data }
  const [ours, theirs] = [await loaded.look(picture, [0, 4]), await live.look(picture, [0, 4])]
  const [pooled, wanted] = [await loaded.embed(picture), await live.embed(picture)]
  expect([
    maxDifference(ours.tokens, theirs.tokens),
    ...ours.attention.map((attention, block) => maxDifference(attention, theirs.attention[block]!)),
    maxDifference(pooled.cls, wanted.cls),
    maxDifference(pooled.mean, wanted.mean),
  ].filter((difference) => !(difference < 1e-5))).toEqual([])
  // Not just any backbone: the student's is another by now.
  const student = liveBackbone(runtime, folder.manifest, new Map([...stepper.state.student.tensors].map(([name, tensor]) => [name.replace('backbone.', ''), tensor])))
  expect(maxDifference((await student.embed(picture)).cls, wanted.cls)).toBeGreaterThan(1e-2)
  await Promise.all([live.dispose(), loaded.dispose(), student.dispose(), stepper.release()])
}, 20_000)
