/** @file From a recipe to the graphs of a step and the rules of its update. */
import { EngineError } from '../../contract'
import { dropRate, keptRowCount } from '../../nn'
import { parameterGroup, type ParameterGroup } from '../../optim'
import type { Runtime } from '../../runtime'
import { maskUpperBound } from '../masking'
import { maskOptions, recipeConfig, recipeHeads, type Recipe } from '../recipe'
import { gridOf, networkParameters, type StepSpec, type TeacherSpec, type UpdateOptions } from '../step'

/** What a step needs to know of the runtime that it is for. */
export type StepRuntime = Pick<Runtime, 'provider' | 'attention' | 'float16'>

/** Half precision where it is asked for, or left open and faster: on a device that has it. @throws EngineError RECIPE where it has not */
function precisionOf({ run }: Recipe, { provider, float16 }: StepRuntime): StepSpec['precision'] {
  if (run.precision !== 'float16') return run.precision === 'auto' && float16 ? 'float16' : 'float32'
  // On the CPU the runtime converts back and forth: slow, but right, and asked for.
  if (provider === 'cpu' || float16) return 'float16'
  throw new EngineError('RECIPE', `run.precision is float16, which ${provider} does not compute on this machine; take auto or float32.`, { detail: { problems: [{ path: 'run.precision', message: 'this device has no float16', line: undefined }] } })
}

/**
 * The longest sequence whose matrices of attention weights the CPU keeps: they are then a third of what a block keeps of
 * ViT-S or smaller, and the fused kernel, which keeps none, computes them twice and slower.
 */
const fewTokens = 256

/** The form that both networks compute attention in: the device's, and on the CPU the faster one for the crops' sizes. */
function attentionOf(recipe: Recipe, { provider, attention }: StepRuntime): StepSpec['attention'] {
  const { patchSize, registers } = recipeConfig(recipe)
  const tokens = 1 + registers + Math.floor(recipe.crops.global_crops_size / patchSize) ** 2
  return provider === 'cpu' && tokens <= fewTokens ? 'composed' : attention
}

/**
 * The step of a recipe for `batch` pictures per run of the graph.
 * @param frozen the teacher of a distillation, and of nothing else
 * @throws EngineError RECIPE
 */
export function stepSpec(recipe: Recipe, batch: number, runtime: StepRuntime, frozen?: TeacherSpec): StepSpec {
  const { method, model, dino, ibot, teacher, crops, run } = recipe
  const heads = recipeHeads(recipe)
  const masks = maskOptions(recipe, batch)
  if ((method === 'distill') !== (frozen !== undefined)) throw new EngineError('INTERNAL', `a step of ${method} ${frozen === undefined ? 'needs a' : 'has no'} frozen teacher`)
  return {
    method,
    config: recipeConfig(recipe),
    head: heads.dino,
    ibotHead: heads.ibot,
    batch,
    globalSize: crops.global_crops_size,
    localSize: crops.local_crops_size,
    localCrops: crops.local_crops_number,
    weights: { dino: dino.loss_weight, ibot: method === 'dino' ? 0 : ibot.loss_weight, koleo: dino.koleo_loss_weight },
    centering: teacher.centering,
    studentTemperature: dino.student_temp,
    teacher: frozen,
    maskedRows: masks === undefined ? 0 : maskUpperBound(masks),
    dropPath: { rate: model.drop_path_rate, uniform: model.drop_path_uniform, kind: model.drop_path_kind },
    recompute: run.recompute_activations,
    attention: attentionOf(recipe, runtime),
    precision: precisionOf(recipe, runtime),
  }
}

/** How its gradients become updates. */
export function updateOptions(recipe: Recipe, spec: StepSpec): UpdateOptions {
  const { method, dino, optimiser, teacher } = recipe
  const groups = new Map<string, ParameterGroup>(
    networkParameters(spec).map(({ name, shape }) => [
      name,
      parameterGroup(method, name, shape.length, {
        depth: spec.config.depth,
        layerwiseDecay: optimiser.layerwise_decay,
        patchEmbedMultiplier: optimiser.patch_embed_lr_mult,
        normLastLayer: dino.norm_last_layer,
      }),
    ]),
  )
  return {
    beta1: optimiser.adamw_beta1,
    beta2: optimiser.adamw_beta2,
    epsilon: optimiser.adamw_eps,
    clip: optimiser.clip_grad === 0 ? undefined : { limit: optimiser.clip_grad, per: optimiser.clip_kind === 'per-parameter' ? 'parameter' : 'submodule' },
    centreMomentum: teacher.center_momentum,
    groupOf: (name) => {
      const group = groups.get(name)
      if (group === undefined) throw new RangeError(`there is no parameter ${name}`)
      return group
    },
  }
}

/** Batches of crops that the student takes, with their tokens, in the order of the packed rows. */
export function studentGroups(spec: StepSpec): readonly { readonly batch: number; readonly tokens: number }[] {
  const tokens = (size: number): number => 1 + spec.config.registers + gridOf(spec, size) ** 2
  const global = { batch: 2 * spec.batch, tokens: tokens(spec.globalSize) }
  return spec.localCrops === 0 ? [global] : [global, { batch: spec.localCrops * spec.batch, tokens: tokens(spec.localSize) }]
}

/** Rate of stochastic depth in block `index`. */
export function blockDropRate({ config, dropPath }: StepSpec, index: number): number {
  return dropRate(dropPath.rate, dropPath.uniform, index, config.depth)
}

/** Rows that block `index` computes where stochastic depth leaves pictures out. */
export function blockKeptRows(spec: StepSpec, index: number): number {
  return keptRowCount(studentGroups(spec), blockDropRate(spec, index))
}
