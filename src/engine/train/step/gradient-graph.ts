/** @file The graph of one step up to its gradients: both networks, the losses, and the loss's derivative by every weight that learns. */
import { gradients } from '../../autodiff'
import { buildModel, constant, input, scalar, topologicalValues, type BuiltModel, type Value } from '../../graph'
import { centredTargets, crossViewLoss, divergence, koleoLoss, maskedPatchLoss, meanEntropy, meanScores, sinkhornTargets } from '../../losses'
import { parametersFrom, productsInHalf, type ParameterSpec, type Parameters } from '../../nn'
import { add, concat, multiply, reshape, slice, sumSquares } from '../../ops'
import { networkInputs, studentNetwork, teacherNetwork, type NetworkOutputs } from './networks'
import { frozenParameters, gridOf, networkParameters, type StepSpec } from './step-spec'

/** Names of the scalar outputs, which are the metrics' names too. */
export type LossName = 'loss' | 'loss.dino' | 'loss.dino.global' | 'loss.dino.local' | 'loss.ibot' | 'loss.koleo' | 'teacher.entropy' | 'teacher.kl'

export interface GradientGraph {
  readonly built: BuiltModel
  /** The parameters that get a gradient, in the order of `gradient.squares`. */
  readonly trainable: readonly ParameterSpec[]
  readonly losses: readonly LossName[]
}

export const studentInput = (name: string): string => `student.${name}`
export const teacherInput = (name: string): string => `teacher.${name}`
export const gradientOutput = (name: string): string => `gradient.${name}`

/** Weights are inputs, since they change with every step. */
function weightInputs(parameters: readonly ParameterSpec[], nameOf: (name: string) => string, who: string): { readonly values: ReadonlyMap<string, Value>; readonly lookup: Parameters } {
  const values = new Map(parameters.map(({ name, shape }) => [name, input(nameOf(name), 'float32', shape)]))
  return { values, lookup: parametersFrom(values, who) }
}

interface Targets {
  readonly cls: Value
  readonly patches: Value | undefined
}

/** How patches count: `counted` `[rows, 1]` is 1 for masked ones and 0 for padding, undefined where all count; `weights` is 1 / (those of their crop). */
interface PatchRows {
  readonly counted: Value | undefined
  readonly weights: Value
}

/** Masks differ from step to step and are fed; of all patches each counts alike. */
function patchRows(spec: StepSpec): PatchRows {
  if (spec.teacher === undefined) return { counted: input('masked.counted', 'float32', [spec.maskedRows, 1]), weights: input('masked.weights', 'float32', [spec.maskedRows, 1]) }
  return { counted: undefined, weights: constant({ dtype: 'float32', shape: [1, 1], data: Float32Array.of(1 / gridOf(spec, spec.globalSize) ** 2) }) }
}

/** The teacher's scores made into targets. */
function targetsOf(spec: StepSpec, { scores, patchScores }: NetworkOutputs, { counted }: PatchRows): Targets {
  const temperature = input('teacher.temperature', 'float32', [])
  if (spec.centering === 'sinkhorn_knopp')
    return { cls: sinkhornTargets(scores, temperature), patches: patchScores === undefined ? undefined : sinkhornTargets(patchScores, temperature, counted) }
  const centre = (name: string, x: Value): Value => input(name, 'float32', [1, Number(x.shape[1])])
  return {
    cls: centredTargets(scores, centre('centre', scores), temperature),
    patches: patchScores === undefined ? undefined : centredTargets(patchScores, centre('centre.ibot', patchScores), temperature),
  }
}

/** KoLeo over each global crop of the batch by itself. */
function koleoTerm({ batch }: StepSpec, features: Value): Value {
  return add(koleoLoss(slice(features, 0, 0, batch)), koleoLoss(slice(features, 0, batch, batch)))
}

/**
 * Builds the graph. Inputs: `student.*`, `teacher.*`, `global`, `local`, `teacher.temperature`, with centring `centre`
 * and `centre.ibot` `[1, K]`, with masks `masks`, `masked.indices`, `masked.weights`, `masked.counted`, with stochastic
 * depth `kept.B`, in half precision `loss.scale`, by which gradients come out multiplied. `teacher.*` are the parameters of a frozen
 * teacher where there is one. Outputs: the losses, with centring `teacher.mean` and `teacher.mean.ibot` `[1, K]`, `features`
 * (the teacher's `[2 · batch, dim]`, the student's where the teacher is frozen), `gradient.*`, and `gradient.squares` with Σ g² of each.
 * @param isTrainable false for weights that never learn, such as the fixed norms of prototypes
 */
export function gradientGraph(spec: StepSpec, isTrainable: (name: string) => boolean): GradientGraph {
  const parameters = networkParameters(spec)
  const student = weightInputs(parameters, studentInput, 'the student')
  const teacher = weightInputs(spec.teacher === undefined ? parameters : frozenParameters(spec), teacherInput, 'the teacher')
  const inputs = networkInputs(spec)
  const ours = studentNetwork(spec, student.lookup, inputs)
  const theirs = teacherNetwork(spec, teacher.lookup, inputs)
  const rows = patchRows(spec)
  const targets = targetsOf(spec, theirs, rows)

  const { total, global, local } = crossViewLoss(ours.scores, targets.cls, spec.studentTemperature, spec.batch)
  const weighted = (term: Value, weight: number): Value => (weight === 1 ? term : multiply(term, scalar(weight)))
  const ibot =
    ours.patchScores === undefined || targets.patches === undefined
      ? undefined
      : weighted(maskedPatchLoss(ours.patchScores, targets.patches, rows.weights, spec.studentTemperature, 2 * spec.batch), spec.weights.ibot)
  const koleo = spec.weights.koleo === 0 ? undefined : weighted(koleoTerm(spec, ours.features), spec.weights.koleo)
  const dino = weighted(total, spec.weights.dino)
  const loss = [ibot, koleo].reduce<Value>((all, term) => (term === undefined ? all : add(all, term)), dino)

  const entropy = meanEntropy(targets.cls)
  const losses: Partial<Record<LossName, Value>> = {
    loss,
    'loss.dino': dino,
    'loss.dino.global': weighted(global, spec.weights.dino),
    'loss.dino.local': weighted(local, spec.weights.dino),
    ...(ibot === undefined ? {} : { 'loss.ibot': ibot }),
    ...(koleo === undefined ? {} : { 'loss.koleo': koleo }),
    'teacher.entropy': entropy,
    'teacher.kl': divergence(total, entropy),
  }

  const trainable = parameters.filter(({ name }) => isTrainable(name))
  const isHalf = spec.precision === 'float16'
  const derived = gradients(isHalf ? multiply(loss, input('loss.scale', 'float32', [])) : loss, trainable.map(({ name }) => student.lookup(name)), { recompute: spec.recompute ? ours.boundaries : [] })
  const outputs: Record<string, Value> = { ...losses, features: spec.teacher === undefined ? theirs.features : ours.features }
  if (spec.centering === 'centering') {
    outputs['teacher.mean'] = meanScores(theirs.scores)
    if (theirs.patchScores !== undefined) outputs['teacher.mean.ibot'] = meanScores(theirs.patchScores, rows.counted)
  }
  trainable.forEach(({ name }, index) => {
    outputs[gradientOutput(name)] = derived[index] ?? scalar(0)
  })
  outputs['gradient.squares'] = concat(derived.map((gradient) => sumSquares(reshape(gradient, [gradient.shape.reduce<number>((size, dim) => size * Number(dim), 1)]), 0, true)), 0)
  const precise = isHalf ? productsInHalf(outputs, beyondNetworks(loss, [ours, theirs])) : outputs
  return { built: buildModel('step', precise, noParameter), trainable, losses: Object.keys(losses) as LossName[] }
}

/** What the losses compute from the networks' outputs. */
function beyondNetworks(loss: Value, networks: readonly NetworkOutputs[]): ReadonlySet<Value> {
  const within = new Set(topologicalValues(networks.flatMap(({ features, scores, patchScores }) => [features, scores, ...(patchScores === undefined ? [] : [patchScores])])))
  return new Set(topologicalValues([loss]).filter((value) => !within.has(value)))
}

function noParameter(name: string): never {
  throw new RangeError(`the step graph has no stored weights, but ${name} was asked for`)
}
