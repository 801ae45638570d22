/** @file What an operation is: how its outputs' types follow from its inputs, and the ONNX node it becomes. */
import { EngineError } from '../contract'
import { formatDims, node, type Value, type ValueType } from '../graph'
import type { OnnxAttribute } from '../onnx'

/** The ONNX form of one application of an op. */
export interface Emission {
  readonly opType: string
  readonly domain?: string
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
}

/** What a gradient rule is given. */
export interface GradientContext<P> {
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly parameters: P
  /** The loss's derivative by each output, in the output's shape; undefined where the loss does not depend on it. */
  readonly upstream: readonly (Value | undefined)[]
}

/**
 * The loss's derivative by each input, built of public ops alone, so that a gradient can itself be differentiated.
 * Undefined for inputs without one (indices, shapes). A gradient may still have the shape that the input was broadcast
 * to: the sweep undoes broadcasting.
 */
export type GradientRule<P> = (context: GradientContext<P>) => readonly (Value | undefined)[]

/** Why an op has no gradient. */
export interface NotDifferentiable {
  readonly notDifferentiable: string
}

/** One row of the op table. `P` are the op's static parameters. */
export interface OpRule<P = undefined> {
  readonly name: string
  /** @throws EngineError GRAPH when the inputs do not fit */
  infer(inputs: readonly ValueType[], parameters: P): readonly ValueType[]
  emit(parameters: P): Emission
  readonly gradient: GradientRule<P> | NotDifferentiable
  /**
   * The first output once more from the inputs (and small further outputs), in other operations, for gradients to read: for an op whose output takes more
   * memory to keep than time to compute again. Absent where it is kept.
   */
  readonly again?: (inputs: readonly Value[], outputs: readonly Value[], parameters: P) => Value
}

/** Applies a rule: infers at once, so that a wrong shape is an error on the line that made it. */
export function applyRule<P>(rule: OpRule<P>, inputs: readonly Value[], parameters: P): readonly Value[] {
  const types = rule.infer(inputs, parameters)
  const { opType, domain = '', attributes = {} } = rule.emit(parameters)
  return node({ op: rule.name, parameters, opType, domain, attributes, inputs }, types)
}

/** {@link applyRule} for ops with one output. */
export function applySingle<P>(rule: OpRule<P>, inputs: readonly Value[], parameters: P): Value {
  const [output] = applyRule(rule, inputs, parameters)
  if (output === undefined) throw new EngineError('INTERNAL', `${rule.name} has no output`)
  return output
}

export function graphError(operation: string, reason: string): EngineError {
  return new EngineError('GRAPH', `${operation}: ${reason}`)
}

/** `float32 [batch, 5]` in messages. */
export function formatType({ dtype, shape }: ValueType): string {
  return `${dtype} ${formatDims(shape)}`
}

/**
 * The n-th input of a rule.
 * @throws EngineError GRAPH when it is missing
 */
export function operand(operation: string, inputs: readonly ValueType[], index: number): ValueType {
  const type = inputs[index]
  if (type === undefined) throw graphError(operation, `input ${index} is missing`)
  return type
}

/** The gradient of a rule with one output, from `derive(upstream, inputs, output, parameters)`. */
export function gradientOf<P>(derive: (upstream: Value, inputs: readonly Value[], output: Value, parameters: P) => readonly (Value | undefined)[]): GradientRule<P> {
  return ({ inputs, outputs: [output], upstream: [upstream], parameters }) => {
    if (upstream === undefined || output === undefined) throw new EngineError('INTERNAL', 'a gradient was asked for where none flows')
    return derive(upstream, inputs, output, parameters)
  }
}

/** The n-th input as a value. */
export function inputAt(inputs: readonly Value[], index: number): Value {
  const value = inputs[index]
  if (value === undefined) throw new EngineError('INTERNAL', `input ${index} is missing`)
  return value
}

export const notDifferentiable = (reason: string): NotDifferentiable => ({ notDifferentiable: reason })

export const int = (value: number): OnnxAttribute => ({ kind: 'int', value })
export const ints = (value: readonly number[]): OnnxAttribute => ({ kind: 'ints', value })
export const float = (value: number): OnnxAttribute => ({ kind: 'float', value })
export const string = (value: string): OnnxAttribute => ({ kind: 'string', value })
