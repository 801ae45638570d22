/** @file Runs a training step by step on a golden case's crops, with its settings, from its initial weights. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelFamily } from '../../src/engine/contract'
import { antialiasedInterpolation, offsetInterpolation, type VitConfig } from '../../src/engine/nn'
import { cosineSchedule, cosineValue, parameterGroup, temperatureAt } from '../../src/engine/optim'
import type { Runtime } from '../../src/engine/runtime'
import type { Tensor } from '../../src/engine/tensor'
import { openStepper, type StepFeeds, type StepRates, type StepResult, type StepSpec, type Stepper, type UpdateOptions } from '../../src/engine/train/step'
import { readSafetensors } from '../../src/engine/weights'
import { patchRows } from './vit-golden'

interface Trace {
  readonly arch: { readonly img_size: number | readonly number[]; readonly patch_size: number; readonly embed_dim: number; readonly depth: number; readonly num_heads: number; readonly num_register_tokens?: number; readonly interpolate_antialias?: boolean }
  readonly global_size: number
  readonly local_size: number
  readonly batch: number
  readonly n_local: number
  readonly out_dim?: number
  readonly n_prototypes?: number
  readonly ibot_separate_head?: boolean
  readonly ibot_n_prototypes?: number
  readonly hidden_dim: number
  readonly bottleneck_dim: number
  readonly centering?: 'centering' | 'sinkhorn_knopp'
  readonly koleo_weight?: number
  readonly clip_grad?: number
  readonly clip_grad_norm_per_submodule?: number
  readonly layerwise_decay?: number
  readonly patch_embed_lr_mult?: number
  readonly freeze_last_layer_epochs: number
  readonly epoch_length: number
  readonly epochs: number
  readonly base_lr_after_scaling?: number
  readonly lr_after_scaling?: number
  readonly min_lr: number
  readonly warmup_epochs: number
  readonly weight_decay: number | readonly [number, number]
  readonly weight_decay_end?: number
  readonly momentum_teacher?: number
  readonly momentum?: readonly [number, number]
  readonly teacher_temp: number | readonly [number, number]
  readonly warmup_teacher_temp?: number
  readonly warmup_teacher_temp_epochs: number
  readonly student_temp?: number
  readonly center_momentum?: number
  readonly norm_last_layer?: boolean
  readonly log: readonly TraceStep[]
}

export interface TraceStep {
  readonly step: number
  readonly loss: number
  readonly dino_local?: number
  readonly dino_global?: number
  readonly koleo_weighted?: number
  readonly ibot?: number
  readonly center_norm?: number
  readonly grad_norm?: Readonly<Record<string, number>>
  readonly lr: number
}

export interface TrainGolden {
  readonly method: ModelFamily
  readonly trace: Trace
  readonly crops: ReadonlyMap<string, Tensor>
  readonly init: ReadonlyMap<string, Tensor>
  readonly expected: ReadonlyMap<string, Tensor>
}

export async function readTrainGolden(folder: string): Promise<TrainGolden> {
  const trace = JSON.parse(readFileSync(join(folder, 'trace.json'), 'utf8')) as Trace
  const [crops, init, expected] = await Promise.all(['crops', 'init', 'expected'].map((name) => readSafetensors(join(folder, `${name}.safetensors`))))
  return { method: trace.out_dim === undefined ? 'dinov2' : 'dino', trace, crops: crops!, init: init!, expected: expected! }
}

const pair = (value: number | readonly [number, number] | undefined, other: number | undefined): readonly [number, number] =>
  typeof value === 'number' ? [value, other ?? value] : (value ?? [0, 0])

function configOf({ method, trace: { arch } }: TrainGolden): VitConfig {
  const size = typeof arch.img_size === 'number' ? arch.img_size : arch.img_size[0]!
  return {
    family: method,
    patchSize: arch.patch_size,
    dim: arch.embed_dim,
    depth: arch.depth,
    heads: arch.num_heads,
    feedForward: 'mlp',
    hidden: 4 * arch.embed_dim,
    registers: arch.num_register_tokens ?? 0,
    layerScale: method === 'dinov2',
    maskToken: method === 'dinov2',
    positionGrid: size / arch.patch_size,
    positionInterpolation: arch.interpolate_antialias === true ? antialiasedInterpolation : offsetInterpolation,
    layerNormEps: 1e-6,
  }
}

/** The largest number of masked patches of any step, and a few rows more, so that padding is tested too. */
function maskedRows({ crops }: TrainGolden): number {
  const counts = [...crops].filter(([name]) => name.endsWith('.masks')).map(([, { data }]) => Array.from(data as Uint8Array).filter((value) => value !== 0).length)
  return counts.length === 0 ? 0 : Math.max(...counts) + 5
}

export function specOf(golden: TrainGolden, overrides: Partial<StepSpec> = {}): StepSpec {
  const { method, trace } = golden
  const head = (prototypes: number) => ({ inputDim: trace.arch.embed_dim, hidden: trace.hidden_dim, bottleneck: trace.bottleneck_dim, prototypes, layers: 3 })
  return {
    method,
    config: configOf(golden),
    head: head(trace.out_dim ?? trace.n_prototypes ?? 0),
    ibotHead: trace.ibot_separate_head === true ? head(trace.ibot_n_prototypes ?? 0) : undefined,
    batch: trace.batch,
    globalSize: trace.global_size,
    localSize: trace.local_size,
    localCrops: trace.n_local,
    weights: { dino: 1, ibot: method === 'dinov2' ? 1 : 0, koleo: trace.koleo_weight ?? 0 },
    centering: trace.centering ?? 'centering',
    studentTemperature: trace.student_temp ?? 0.1,
    teacher: undefined,
    maskedRows: maskedRows(golden),
    dropPath: { rate: 0, uniform: false, kind: 'per-sample' },
    recompute: false,
    attention: 'fused',
    precision: 'float32',
    ...overrides,
  }
}

export function updateOptionsOf({ method, trace }: TrainGolden): UpdateOptions {
  const limit = trace.clip_grad ?? trace.clip_grad_norm_per_submodule
  return {
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    clip: limit === undefined ? undefined : { limit, per: method === 'dino' ? 'parameter' : 'submodule' },
    centreMomentum: trace.center_momentum ?? 0.9,
    groupOf: (name) =>
      parameterGroup(method, name, name.endsWith('.bias') || name.includes('norm') || name.includes('gamma') ? 1 : 2, {
        depth: trace.arch.depth,
        layerwiseDecay: trace.layerwise_decay ?? 1,
        patchEmbedMultiplier: trace.patch_embed_lr_mult ?? 1,
        normLastLayer: trace.norm_last_layer ?? false,
      }),
  }
}

export function ratesAt({ method, trace }: TrainGolden, step: number): StepRates {
  const total = trace.epochs * trace.epoch_length
  const warmup = trace.warmup_epochs * trace.epoch_length
  const base = trace.base_lr_after_scaling ?? trace.lr_after_scaling ?? 0
  const decay = pair(trace.weight_decay, trace.weight_decay_end)
  const momentum = trace.momentum ?? ([trace.momentum_teacher ?? 0, 1] as const)
  const temperature = typeof trace.teacher_temp === 'number' ? ([trace.warmup_teacher_temp ?? 0, trace.teacher_temp] as const) : trace.teacher_temp
  const epoch = Math.floor(step / trace.epoch_length)
  const frozen = epoch < trace.freeze_last_layer_epochs
  const lr = cosineValue(cosineSchedule(base, trace.min_lr, total, warmup), step)
  const warmupLength = method === 'dino' ? trace.warmup_teacher_temp_epochs : trace.warmup_teacher_temp_epochs * trace.epoch_length
  return {
    lr,
    lastLayerLr: method === 'dinov2' && frozen ? 0 : lr,
    weightDecay: cosineValue(cosineSchedule(decay[0], decay[1], total), step),
    momentum: cosineValue(cosineSchedule(momentum[0], momentum[1], total), step),
    teacherTemperature: temperatureAt({ start: temperature[0], final: temperature[1], warmup: warmupLength }, method === 'dino' ? epoch : step),
    lastLayerFrozen: method === 'dino' && frozen,
  }
}

function joined(tensors: readonly Tensor[]): Tensor<'float32'> {
  const data = Float32Array.from(tensors.flatMap(({ data }) => Array.from(data as Float32Array)))
  return { dtype: 'float32', shape: [tensors.reduce((rows, { shape }) => rows + shape[0]!, 0), ...tensors[0]!.shape.slice(1)], data }
}

/** What the step graph is fed at `step`. */
export function feedsAt(golden: TrainGolden, spec: StepSpec, step: number): StepFeeds {
  const { crops } = golden
  const crop = (name: string): Tensor => crops.get(`step${step}.${name}`)!
  const rows = (pixels: Tensor): Tensor => patchRows(pixels, spec.config.patchSize).patches
  if (golden.method === 'dino') {
    const numbered = (from: number, count: number): Tensor => joined(Array.from({ length: count }, (_, index) => crop(`crop${from + index}`)))
    return { global: rows(numbered(0, 2)), local: rows(numbered(2, spec.localCrops)) }
  }
  const masks = crop('masks')
  const [masked = 0, patches = 0] = masks.shape
  const hidden = Array.from(masks.data as Uint8Array, (value) => value !== 0)
  const positions = hidden.flatMap((value, index) => (value ? [index] : []))
  const countIn = Array.from({ length: masked }, (_, image) => hidden.slice(image * patches, (image + 1) * patches).filter(Boolean).length)
  const padded = (value: (index: number) => number): Float32Array => Float32Array.from({ length: spec.maskedRows }, (_, index) => (index < positions.length ? value(index) : 0))
  return {
    global: rows(crop('global')),
    local: rows(crop('local')),
    masks,
    'masked.indices': { dtype: 'int64', shape: [spec.maskedRows], data: BigInt64Array.from({ length: spec.maskedRows }, (_, index) => BigInt(positions[index] ?? 0)) },
    'masked.weights': { dtype: 'float32', shape: [spec.maskedRows, 1], data: padded((index) => 1 / countIn[Math.floor(positions[index]! / patches)]!) },
    'masked.counted': { dtype: 'float32', shape: [spec.maskedRows, 1], data: padded(() => 1) },
  }
}

/** A stepper at the case's initial weights. */
export async function openGoldenStepper(runtime: Runtime, golden: TrainGolden, spec: StepSpec): Promise<Stepper> {
  const stepper = await openStepper(runtime, spec, updateOptionsOf(golden))
  for (const [name, { data }] of stepper.state.student.tensors) {
    data.set(golden.init.get(name)!.data as Float32Array)
    stepper.state.teacher.tensors.get(name)!.data.set(data)
  }
  return stepper
}

export async function takeStep(stepper: Stepper, golden: TrainGolden, spec: StepSpec, step: number): Promise<StepResult> {
  return stepper.step([feedsAt(golden, spec, step)], ratesAt(golden, step))
}
