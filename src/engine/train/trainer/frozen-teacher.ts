/** @file The frozen teacher of a distillation: a model, and the heads it brings or is given. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../contract'
import type { DinoHeadConfig } from '../../nn'
import { formatShape, toFloat32, type Shape, type Tensor } from '../../tensor'
import { openModelFolder, readSafetensors, readSafetensorsIndex, requireVit, type ModelManifest, type VitModelFolder } from '../../weights'
import type { Recipe } from '../recipe'
import { headsFile } from '../run'
import type { TeacherSpec, TrainingState } from '../step'
import { trainedPreprocessing } from './evaluation-size'

export const headNames = ['dino_head', 'ibot_head'] as const
export type HeadName = (typeof headNames)[number]

/** Heads that were trained with a backbone; those it lacks are made of its tokens. */
export type OwnHeads = Readonly<Partial<Record<HeadName, DinoHeadConfig>>>

export interface FrozenTeacher {
  readonly model: VitModelFolder
  readonly spec: TeacherSpec
  /** Heads it does not bring. */
  readonly missing: readonly HeadName[]
}

/** The heads that lie beside a model's weights, by their sizes. @throws EngineError MODEL_HEADER, MODEL_TENSOR when the file is damaged */
export async function ownHeads(modelFolder: string): Promise<OwnHeads> {
  const path = join(modelFolder, headsFile)
  if (!(await stat(path).then((stats) => stats.isFile(), () => false))) return {}
  const { tensors } = await readSafetensorsIndex(path)
  const found = headNames.flatMap((name) => {
    const config = headConfigOf((parameter) => tensors.get(`${name}.${parameter}`)?.shape)
    return config === undefined ? [] : [[name, config] as const]
  })
  return Object.fromEntries(found)
}

/** The sizes of a head from the shapes of its weights; undefined where it is none. */
function headConfigOf(shapeOf: (parameter: string) => Shape | undefined): DinoHeadConfig | undefined {
  const [prototypes, bottleneck] = shapeOf('last_layer.weight_v') ?? []
  const single = shapeOf('mlp.weight')
  const first = single ?? shapeOf('mlp.0.weight')
  if (prototypes === undefined || bottleneck === undefined || first === undefined) return undefined
  const [hidden = 0, inputDim = 0] = first
  let layers = 1
  if (single === undefined) while (shapeOf(`mlp.${2 * layers}.weight`) !== undefined) layers++
  return { inputDim, hidden, bottleneck, prototypes, layers }
}

/** Why a model cannot teach the student of a recipe, or undefined. Width, depth, heads and registers may differ. */
export function teacherProblem(recipe: Recipe, { name, config, preprocessing }: Pick<ModelManifest, 'name' | 'config' | 'preprocessing'>): string | undefined {
  if (config.family === 'onnx') return `${JSON.stringify(name)} is an ONNX graph of another maker, which is run as it is and cannot be learned from; choose another teacher`
  if (config.patchSize !== recipe.model.patch_size)
    return `${JSON.stringify(name)} sees patches of ${config.patchSize} pixels and the student patches of ${recipe.model.patch_size}; set model.patch_size: ${config.patchSize} with crops that are multiples of it, or choose another teacher`
  const { mean, std } = trainedPreprocessing(recipe)
  const same = [...mean, ...std].every((value, index) => Math.abs(value - ([...preprocessing.mean, ...preprocessing.std][index] ?? NaN)) < 1e-3)
  return same ? undefined : `${JSON.stringify(name)} expects colours in another range (mean ${preprocessing.mean.join(', ')}, deviation ${preprocessing.std.join(', ')}) than the student is trained with; choose another teacher`
}

/**
 * The head that a backbone without one is given: a linear layer that takes each feature of a token by its mean and
 * deviation, length 1, and prototypes; of the form of any other head, so that nothing else is new.
 */
function givenHead(dim: number, prototypes: number): DinoHeadConfig {
  return { inputDim: dim, hidden: dim, bottleneck: dim, prototypes, layers: 1 }
}

/** Opens a model folder as the teacher of a recipe. @throws EngineError TRAIN_INIT when it cannot teach it; what opening throws */
export async function openFrozenTeacher(folder: string, recipe: Recipe): Promise<FrozenTeacher> {
  const model = requireVit(await openModelFolder(folder), 'learned from')
  const { config, name } = model.manifest
  const problem = teacherProblem(recipe, model.manifest)
  if (problem !== undefined) throw new EngineError('TRAIN_INIT', problem, { detail: { model: model.manifest.id } })
  const own = await ownHeads(folder)
  const headOf = (which: HeadName, prototypes: number): DinoHeadConfig => {
    const head = own[which] ?? givenHead(config.dim, prototypes)
    if (head.inputDim === config.dim && head.prototypes === prototypes) return head
    throw new EngineError('TRAIN_INIT', `The head of ${JSON.stringify(name)} has ${head.prototypes} prototypes and the recipe's ${prototypes}; set ${which === 'dino_head' ? 'dino' : 'ibot'}.head_n_prototypes: ${head.prototypes}`, { detail: { model: model.manifest.id } })
  }
  const wanted: readonly HeadName[] = recipe.ibot.loss_weight > 0 ? headNames : ['dino_head']
  return {
    model,
    spec: {
      // A teacher hides nothing: its mask token, where it has one, is of no use.
      config: { ...config, maskToken: false },
      head: headOf('dino_head', recipe.dino.head_n_prototypes),
      ibotHead: recipe.ibot.loss_weight > 0 ? headOf('ibot_head', recipe.ibot.head_n_prototypes) : undefined,
    },
    missing: wanted.filter((which) => own[which] === undefined),
  }
}

/** Fills what of the frozen network lies in files: the backbone, and the heads it brings. */
export async function fillFrozen({ frozen }: Pick<TrainingState, 'frozen'>, { model }: FrozenTeacher): Promise<void> {
  if (frozen === undefined) return
  const backbone = await readSafetensors(model.weights.path)
  const heads = Object.keys(await ownHeads(model.folder)).length === 0 ? new Map<string, Tensor>() : await readSafetensors(join(model.folder, headsFile))
  for (const [name, target] of frozen.tensors) {
    const source = name.startsWith('backbone.') ? backbone.get(name.slice('backbone.'.length)) : heads.get(name)
    if (source === undefined) continue
    if (formatShape(source.shape) !== formatShape(target.shape)) throw new EngineError('TRAIN_INIT', `${name} of ${JSON.stringify(model.manifest.name)} is ${formatShape(source.shape)}; ${formatShape(target.shape)} was expected`)
    target.data.set(toFloat32(source).data)
  }
}
