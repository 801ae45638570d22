/** @file Reverse-mode differentiation of a graph: one walk from the loss back, made of public ops, so its result is a graph too. */
import { EngineError } from '../contract'
import { formatDims, formatSite, scalar, topologicalValues, type GraphNode, type Value } from '../graph'
import { add, opRules, zerosLike, type GradientRule, type OpName, type OpRule } from '../ops'
import { recomputation } from './recompute'
import { unbroadcast } from './unbroadcast'

export interface GradientOptions {
  /**
   * Values along a chain, in order, between which activations are not kept but computed again on the way back: time for
   * memory. Empty keeps everything.
   */
  readonly recompute?: readonly Value[]
}

/**
 * The derivative of a scalar by each of `wrt`, each in that value's shape; zeros where the loss does not depend on it, or
 * only through whole numbers (places of the largest, sizes): these do not change by a little, so zero is the derivative.
 * Values are told apart by identity, so a weight must be one value wherever it is used.
 * @throws EngineError GRAPH when the loss is no scalar, or it depends on what an op's gradient does not cover
 */
export function gradients(loss: Value, wrt: readonly Value[], { recompute = [] }: GradientOptions = {}): Value[] {
  if (loss.shape.length !== 0) throw new EngineError('GRAPH', `gradients: the loss has the shape ${formatDims(loss.shape)}, not that of a scalar`)
  const ordered = topologicalValues([loss])
  const relevant = dependents(ordered, new Set(wrt))
  const collected = new Map<Value, Value[]>([[loss, [scalar(1)]]])
  const activations = recomputation(recompute)
  const read = cheaply(activations.again)

  for (const { source } of [...ordered].reverse()) {
    if (source.kind !== 'node') continue
    const { node } = source
    const upstream = node.outputs.map((output) => summed(collected.get(output)))
    activations.passed(node.outputs, upstream)
    if (!node.inputs.some((input) => relevant.has(input)) || upstream.every((gradient) => gradient === undefined)) continue
    derivatives({ ...node, inputs: node.inputs.map(read), outputs: node.outputs.map(activations.again) }, upstream).forEach((gradient, index) => {
      const input = node.inputs[index]
      if (gradient === undefined || input === undefined || !relevant.has(input)) return
      const exact = unbroadcast(gradient, input)
      if (formatDims(exact.shape) !== formatDims(input.shape))
        throw new EngineError('GRAPH', `gradients: ${node.op} gives ${formatDims(exact.shape)} for its input ${index} of shape ${formatDims(input.shape)} (${formatSite(node.site)})`)
      collected.set(input, [...(collected.get(input) ?? []), exact])
    })
  }
  return wrt.map((value) => summed(collected.get(value)) ?? zerosLike(value))
}

/** What a rule reads of its inputs: those that are cheaper to compute again than to keep are, once for all who read them. */
function cheaply(again: (value: Value) => Value): (value: Value) => Value {
  const copies = new Map<Value, Value>()
  return (value) => {
    const kept = again(value)
    if (kept.source.kind !== 'node') return kept
    const { node } = kept.source
    const rule = opRules[node.op as OpName] as OpRule<unknown>
    if (rule.again === undefined || kept.source.output !== 0) return kept
    const copy = copies.get(kept) ?? rule.again(node.inputs, node.outputs, node.parameters)
    copies.set(kept, copy)
    return copy
  }
}

/** The one place where the gradients of a value's several uses are added. */
function summed(parts: readonly Value[] | undefined): Value | undefined {
  return parts?.reduce((total, part) => add(total, part))
}

/** Every value that depends on one of `roots`, these included. */
function dependents(ordered: readonly Value[], roots: ReadonlySet<Value>): ReadonlySet<Value> {
  const reached = new Set<Value>(roots)
  for (const { source } of ordered) {
    if (source.kind === 'node' && source.node.inputs.some((input) => reached.has(input))) source.node.outputs.forEach((output) => reached.add(output))
  }
  return reached
}

function derivatives(node: GraphNode, upstream: readonly (Value | undefined)[]): readonly (Value | undefined)[] {
  const rule = opRules[node.op as OpName] as OpRule<unknown>
  if ('notDifferentiable' in rule.gradient) return []
  const gradient: GradientRule<unknown> = rule.gradient
  const result = gradient({ inputs: node.inputs, outputs: node.outputs, parameters: node.parameters, upstream })
  if (result.length !== node.inputs.length) throw new EngineError('GRAPH', `gradients: ${node.op} has ${node.inputs.length} inputs and gives ${result.length} gradients (${formatSite(node.site)})`)
  return result
}
