/** @file Activations that are computed again on the way back instead of being kept: checkpointing, as a rewriting of values. */
import { node, scalar, type GraphNode, type Value } from '../graph'
import { add, multiply, reshape, slice } from '../ops'

export interface Recomputation {
  /** Told of each node's outputs and their gradients, in the order of the reverse sweep. */
  passed(outputs: readonly Value[], upstream: readonly (Value | undefined)[]): void
  /** What a gradient rule is to read instead of a forward value: itself, or the same computed anew from the boundary below. */
  again(value: Value): Value
}

/**
 * Rebuilds forward values between consecutive `boundaries`. The copy of a boundary waits for the gradient that comes
 * down to the next one, so that no runtime can compute it early or take it for the original.
 * Source: Chen et al., "Training deep nets with sublinear memory cost" (arXiv 1604.06174).
 */
export function recomputation(boundaries: readonly Value[]): Recomputation {
  let segment: { readonly start: Value; readonly copies: Map<Value, Value>; readonly nodes: Map<GraphNode, readonly Value[]> } | undefined

  const again = (value: Value): Value => {
    if (segment === undefined) return value
    const known = segment.copies.get(value)
    if (known !== undefined) return known
    const copy = rebuilt(value, segment)
    segment.copies.set(value, copy)
    return copy
  }
  const rebuilt = (value: Value, { start, nodes }: NonNullable<typeof segment>): Value => {
    if (value.source.kind !== 'node' || !dependsOn(value, start)) return value
    const original = value.source.node
    const made = nodes.get(original) ?? node({ ...original, inputs: original.inputs.map(again) }, original.outputs)
    nodes.set(original, made)
    return made[value.source.output] ?? value
  }
  return {
    passed: (outputs, upstream) => {
      outputs.forEach((output, index) => {
        const place = boundaries.indexOf(output)
        const start = boundaries[place - 1]
        const gradient = upstream[index]
        if (place < 0) return
        segment = start === undefined || gradient === undefined ? undefined : { start, copies: new Map([[start, after(start, gradient)]]), nodes: new Map() }
      })
    },
    again,
  }
}

const reach = new WeakMap<Value, Map<Value, boolean>>()

/** Whether `value` is computed from `start`. Within one block, so the walk is short. */
function dependsOn(value: Value, start: Value): boolean {
  const known = reach.get(start) ?? new Map<Value, boolean>()
  reach.set(start, known)
  const cached = known.get(value)
  if (cached !== undefined) return cached
  const result = value === start || (value.source.kind === 'node' && value.source.node.inputs.some((input) => dependsOn(input, start)))
  known.set(value, result)
  return result
}

/** The same numbers as `value`, which a runtime cannot have before `gradient`. */
function after(value: Value, gradient: Value): Value {
  const first = gradient.shape.reduce<Value>((part, _size, axis) => slice(part, axis, 0, 1), gradient)
  return add(value, multiply(reshape(first, []), scalar(0)))
}
