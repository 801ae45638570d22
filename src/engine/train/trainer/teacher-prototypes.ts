/** @file Prototypes for a teacher that brings no head: tokens of its own, of the very crops that the student is going to see. */
import type { FileProblem } from '../../contract'
import { buildModel, input } from '../../graph'
import { parametersFrom } from '../../nn'
import type { Runtime } from '../../runtime'
import { randomStreamAt, type Tensor } from '../../tensor'
import { openLoader } from '../data'
import { cropGroups, type Recipe } from '../recipe'
import type { RunImage } from '../run'
import { frozenParameters, frozenTokens, gridOf, teacherInput, tensorOf, type FlatTensors, type StepSpec, type TeacherSpec, type TrainingState } from '../step'
import { loaderOptions } from './loader-options'
import type { FrozenTeacher, HeadName } from './frozen-teacher'

export interface PrototypeOptions {
  readonly runtime: Runtime
  readonly recipe: Recipe
  readonly spec: StepSpec
  readonly state: TrainingState
  readonly teacher: FrozenTeacher
  readonly root: string
  readonly images: readonly Pick<RunImage, 'path' | 'relativePath' | 'sizeBytes'>[]
  readonly signal: AbortSignal
  /** Told of each batch that is looked at. */
  onBatch(done: number, total: number): void
  onSkipped(problem: FileProblem): void
}

/** Mean and deviation of a feature want some company. */
const fewestBatches = 4
/** Keeps a feature that is the same everywhere from becoming noise. */
const smallestDeviation = 1e-4
const smallestSquare = 1e-6

/**
 * Makes the heads that are missing: of so many tokens as there are prototypes, CLS for `dino_head` and patches for
 * `ibot_head`, drawn from augmented global crops in the order of training. They depend on the teacher, the pictures and
 * the recipe's seed alone.
 * @throws EngineError TRAIN_IMAGES, SOURCE_UNAVAILABLE, RUNTIME; the signal's reason
 */
export async function makePrototypes(options: PrototypeOptions): Promise<void> {
  const { state, spec, teacher } = options
  if (state.frozen === undefined || teacher.missing.length === 0) return
  const drawn = await drawTokens(options, state.frozen, teacher.spec)
  for (const which of teacher.missing) fillGivenHead(state.frozen, which, drawn[which], spec.teacher?.config.dim ?? 0)
}

/** Rows of tokens, `[prototypes, dim]` each. */
async function drawTokens(options: PrototypeOptions, frozen: FlatTensors, network: TeacherSpec): Promise<Readonly<Record<HeadName, Float32Array>>> {
  const { runtime, recipe, spec, root, images, signal, onBatch, onSkipped } = options
  const { dim } = network.config
  const crops = 2 * spec.batch
  const patches = gridOf(spec, spec.globalSize) ** 2
  const wanted = { dino_head: network.head.prototypes, ibot_head: network.ibotHead?.prototypes ?? 0 }
  const batches = Math.max(fewestBatches, Math.ceil(wanted.dino_head / crops), Math.ceil(wanted.ibot_head / (crops * patches)))
  // Few patches of many crops tell more than all of a few.
  const patchesPerBatch = Math.ceil(wanted.ibot_head / batches)
  const rows: Record<HeadName, Float32Array> = { dino_head: new Float32Array(wanted.dino_head * dim), ibot_head: new Float32Array(wanted.ibot_head * dim) }
  const filled = { dino_head: 0, ibot_head: 0 }
  const take = (which: HeadName, tokens: Float32Array, row: number): void => {
    if (filled[which] < wanted[which]) rows[which].set(tokens.subarray(row * dim, (row + 1) * dim), dim * filled[which]++)
  }

  const parameters = new Map(frozenParameters(spec).map(({ name, shape }) => [name, input(teacherInput(name), 'float32', shape)]))
  const { cls, patches: patchTokens } = frozenTokens(spec, network, parametersFrom(parameters, 'the teacher'))
  const session = await runtime.open(buildModel('tokens', { cls, patches: patchTokens }, () => new Uint8Array()))
  const weights = Object.fromEntries([...frozen.tensors].filter(([name]) => name.startsWith('backbone.')).map(([name, tensor]) => [teacherInput(name), tensor]))
  const [globals] = cropGroups(recipe)
  const loader = await openLoader({ ...loaderOptions(recipe, spec.batch), groups: globals === undefined ? [] : [globals], firstStep: 0, lastStep: batches - 1, root, images, signal, onSkipped })
  try {
    for (let batch = 0; batch < batches; batch++) {
      signal.throwIfAborted()
      const { groups: [values], release } = await loader.next()
      if (values === undefined) continue
      const global: Tensor<'float32'> = { dtype: 'float32', shape: [crops, patches, 3 * spec.config.patchSize ** 2], data: values }
      const found = await session.run({ ...weights, global })
      release()
      const random = randomStreamAt(recipe.seed, 'prototypes', batch)
      for (let crop = 0; crop < crops; crop++) take('dino_head', found['cls']?.data as Float32Array, crop)
      for (let patch = 0; patch < patchesPerBatch; patch++) take('ibot_head', found['patches']?.data as Float32Array, Math.floor(random.uniform() * crops * patches))
      onBatch(batch + 1, batches)
      // A stop is heard only when the event loop turns.
      await new Promise(setImmediate)
    }
  } finally {
    await loader.close()
    await session.release()
  }
  return rows
}

/** Puts a head together whose scores are cosines between standardised tokens and the standardised `tokens`, `[prototypes, dim]`. */
export function fillGivenHead(frozen: FlatTensors, which: HeadName, tokens: Float32Array, dim: number): void {
  const count = tokens.length / dim
  const [weight, bias, gains, directions] = ['mlp.weight', 'mlp.bias', 'last_layer.weight_g', 'last_layer.weight_v'].map((name) => tensorOf(frozen, `${which}.${name}`).data)
  if (weight === undefined || bias === undefined || gains === undefined || directions === undefined) return
  weight.fill(0)
  for (let feature = 0; feature < dim; feature++) {
    let [sum, squares] = [0, 0]
    for (let row = 0; row < count; row++) sum += tokens[row * dim + feature] ?? 0
    const mean = sum / count
    for (let row = 0; row < count; row++) squares += ((tokens[row * dim + feature] ?? 0) - mean) ** 2
    const scale = 1 / Math.max(smallestDeviation, Math.sqrt(squares / count))
    weight[feature * dim + feature] = scale
    bias[feature] = -mean * scale
  }
  gains.fill(1)
  for (let row = 0; row < count; row++) {
    let square = 0
    for (let feature = 0; feature < dim; feature++) {
      const value = (tokens[row * dim + feature] ?? 0) * (weight[feature * dim + feature] ?? 0) + (bias[feature] ?? 0)
      directions[row * dim + feature] = value
      square += value * value
    }
    // A token that is the mean itself has no direction; pictures of one colour have no other.
    if (square < smallestSquare) directions[row * dim + (row % dim)] = 1
  }
}
