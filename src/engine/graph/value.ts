/** @file The immutable values a graph is made of. A value knows what made it, so a graph is just its outputs. */
import type { OnnxAttribute } from '../onnx'
import type { DType, Tensor } from '../tensor'
import type { SymbolicShape } from './dim'

/** What shape inference knows of a value. */
export interface ValueType {
  readonly dtype: DType
  readonly shape: SymbolicShape
}

/** Where a node was made: an Error that is never thrown, since its stack is only formatted when somebody reads it. */
export interface CreationSite {
  readonly stack?: string | undefined
}

/** One operation. `op` names its rule, `parameters` are what the rule was applied with; the rest is what ONNX will be told. */
export interface GraphNode {
  readonly op: string
  readonly parameters: unknown
  readonly opType: string
  readonly domain: string
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly site: CreationSite
}

export type ValueSource =
  | { readonly kind: 'input'; readonly name: string }
  /** A weight, under its name in the checkpoint; the data is supplied when the model is built. */
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  | { readonly kind: 'node'; readonly node: GraphNode; readonly output: number }

export interface Value extends ValueType {
  readonly source: ValueSource
}

/** A value fed at run time. Names such as `batch` stand for sizes that differ from run to run. */
export function input(name: string, dtype: DType, shape: SymbolicShape): Value {
  return { dtype, shape, source: { kind: 'input', name } }
}

/** A weight. */
export function parameter(name: string, dtype: DType, shape: readonly number[]): Value {
  return { dtype, shape, source: { kind: 'parameter', name } }
}

/** Data that belongs to the graph itself. */
export function constant(tensor: Tensor): Value {
  return { dtype: tensor.dtype, shape: tensor.shape, source: { kind: 'constant', tensor } }
}

/** A float32 scalar constant. */
export function scalar(value: number): Value {
  return constant({ dtype: 'float32', shape: [], data: Float32Array.of(value) })
}

/** A one-dimensional int64 constant, as ONNX wants shapes, axes and indices. */
export function integers(values: readonly number[]): Value {
  return constant({ dtype: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) })
}

/** Makes a node and its outputs. The creation site is the caller's stack. */
export function node(description: Omit<GraphNode, 'site' | 'outputs'>, types: readonly ValueType[]): readonly Value[] {
  const outputs: Value[] = []
  const made: GraphNode = { ...description, outputs, site: new Error(description.op) }
  types.forEach(({ dtype, shape }, output) => outputs.push({ dtype, shape, source: { kind: 'node', node: made, output } }))
  return outputs
}
