/** @file Everything that the graphs of a training step depend on: sizes, losses and switches, as plain data. */
import type { TrainMethod } from '../../contract'
import { dinoHeadParameters, vitParameters, type DinoHeadConfig, type ParameterSpec, type VitConfig } from '../../nn'
import type { AttentionForm } from '../../ops'

export interface DropPath {
  readonly rate: number
  /** The same rate in every block, or rising from 0 in the first. */
  readonly uniform: boolean
  /** DINO draws each picture by itself; DINOv2 leaves out a fixed number and does not compute them. */
  readonly kind: 'per-sample' | 'batch-subset'
}

/** A frozen teacher: another network than the student, over the same patches. Its heads have as many prototypes as the student's. */
export interface TeacherSpec {
  readonly config: VitConfig
  readonly head: DinoHeadConfig
  readonly ibotHead: DinoHeadConfig | undefined
}

export interface StepSpec {
  readonly method: TrainMethod
  readonly config: VitConfig
  readonly head: DinoHeadConfig
  /** A head of its own for masked patches; undefined shares `head`. */
  readonly ibotHead: DinoHeadConfig | undefined
  /** Pictures per run of the graph. */
  readonly batch: number
  readonly globalSize: number
  readonly localSize: number
  readonly localCrops: number
  readonly weights: { readonly dino: number; readonly ibot: number; readonly koleo: number }
  readonly centering: 'centering' | 'sinkhorn_knopp'
  readonly studentTemperature: number
  /** Undefined: the teacher is an average of the student. A frozen one hides no patches and is asked about all of them. */
  readonly teacher: TeacherSpec | undefined
  /** Rows kept for masked patches in every step; 0 masks nothing. */
  readonly maskedRows: number
  readonly dropPath: DropPath
  /** Let activations inside blocks go and compute them again on the way back. */
  readonly recompute: boolean
  readonly attention: AttentionForm
  /** In which matrix products of both networks are computed; weights, their update, norms, softmax and losses are float32 always. */
  readonly precision: 'float32' | 'float16'
}

/** Patches along the edge of a crop. */
export function gridOf({ config }: StepSpec, size: number): number {
  return Math.floor(size / config.patchSize)
}

/** Prefix of the projection head's parameters, as the references name it. */
export function headPrefix({ method }: Pick<StepSpec, 'method'>): 'head' | 'dino_head' {
  return method === 'dino' ? 'head' : 'dino_head'
}

/** Every parameter of student or teacher, in state-dict order, under the references' names. */
export function networkParameters(spec: Pick<StepSpec, 'method' | 'config' | 'head' | 'ibotHead'>): ParameterSpec[] {
  const under = (prefix: string, parameters: readonly ParameterSpec[]): ParameterSpec[] => parameters.map(({ name, shape }) => ({ name: `${prefix}.${name}`, shape }))
  return [
    ...under('backbone', vitParameters(spec.config)),
    ...under(headPrefix(spec), dinoHeadParameters(spec.head)),
    ...(spec.ibotHead === undefined ? [] : under('ibot_head', dinoHeadParameters(spec.ibotHead))),
  ]
}

/** Every parameter of a frozen teacher, in state-dict order, under the names that DINOv2 gives them; none where there is no such teacher. */
export function frozenParameters({ method, teacher }: Pick<StepSpec, 'method' | 'teacher'>): ParameterSpec[] {
  return teacher === undefined ? [] : networkParameters({ method, ...teacher })
}

/** Whether patches are masked and predicted. */
export function masksPatches({ maskedRows, weights, teacher }: StepSpec): boolean {
  return teacher === undefined && maskedRows > 0 && weights.ibot > 0
}

/** Whether patches are predicted: the masked ones, or with a frozen teacher all. */
export function predictsPatches(spec: StepSpec): boolean {
  return masksPatches(spec) || (spec.teacher !== undefined && spec.weights.ibot > 0)
}
