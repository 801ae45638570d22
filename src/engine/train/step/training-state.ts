/** @file All that a run has learned so far: what a checkpoint holds and a step changes. */
import type { ParameterSpec } from '../../nn'
import type { Tensor } from '../../tensor'
import { flatTensors, type FlatTensors } from './flat-tensors'
import { newLossScale, type LossScale } from './loss-scale'
import { frozenParameters, networkParameters, predictsPatches, type StepSpec } from './step-spec'

export interface TrainingState {
  readonly parameters: readonly ParameterSpec[]
  readonly student: FlatTensors
  /** The average of the student: what is looked with and handed out, and what the student learns from unless `frozen` is there. */
  readonly teacher: FlatTensors
  /** A frozen teacher, which no step changes. */
  readonly frozen: FlatTensors | undefined
  /** Adam's moments. */
  readonly first: FlatTensors
  readonly second: FlatTensors
  /** Running mean of the teacher's scores, `[1, K]`; undefined with Sinkhorn-Knopp. */
  readonly centre: Tensor<'float32'> | undefined
  readonly centreIbot: Tensor<'float32'> | undefined
  /** How often Adam has updated each parameter: a frozen one starts later. */
  readonly updates: Map<string, number>
  /** Undefined where all is computed in float32. */
  readonly lossScale: LossScale | undefined
}

/** Zeroed centres, of the sizes that a step has. */
export function emptyCentres(spec: StepSpec): Pick<TrainingState, 'centre' | 'centreIbot'> {
  const centre = (prototypes: number): Tensor<'float32'> => ({ dtype: 'float32', shape: [1, prototypes], data: new Float32Array(prototypes) })
  if (spec.centering !== 'centering') return { centre: undefined, centreIbot: undefined }
  return { centre: centre(spec.head.prototypes), centreIbot: predictsPatches(spec) ? centre((spec.ibotHead ?? spec.head).prototypes) : undefined }
}

/** A state of zeros, to be filled. */
export function emptyState(spec: StepSpec): TrainingState {
  const parameters = networkParameters(spec)
  return {
    ...emptyCentres(spec),
    parameters,
    student: flatTensors(parameters),
    teacher: flatTensors(parameters),
    frozen: spec.teacher === undefined ? undefined : flatTensors(frozenParameters(spec)),
    first: flatTensors(parameters),
    second: flatTensors(parameters),
    updates: new Map(parameters.map(({ name }) => [name, 0])),
    lossScale: spec.precision === 'float16' ? newLossScale() : undefined,
  }
}

/** Whether everything in it is a number: what is not would spread to all of it in a step or two. */
export function isFiniteState({ student, teacher, first, second, centre, centreIbot }: TrainingState): boolean {
  return [student, teacher, first, second, centre, centreIbot].every((part) => part === undefined || areNumbers(part.data))
}

/** 0 · x is 0, but for what is infinite or no number. */
function areNumbers(values: Float32Array): boolean {
  let zero = 0
  for (const value of values) zero += 0 * value
  return zero === 0
}
