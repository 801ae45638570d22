/** @file The same values computed in another way: some nodes replaced, and every node that depends on them made again. */
import { topologicalValues } from './traverse'
import { node, type GraphNode, type Value } from './value'

/** A node over other inputs; `dtype` is that of its outputs where it changes. */
export function nodeAgain(original: GraphNode, inputs: readonly Value[], dtype?: Value['dtype']): readonly Value[] {
  return node({ ...original, inputs }, original.outputs.map(({ dtype: before, shape }) => ({ dtype: dtype ?? before, shape })))
}

/**
 * The outputs with nodes replaced, inputs first. What depends on nothing that was replaced stays the very same value.
 * @param replace is given a node and its inputs as they are now; it gives a value for each output, or undefined to keep the node
 */
export function rewriteNodes(outputs: Readonly<Record<string, Value>>, replace: (original: GraphNode, inputs: readonly Value[]) => readonly Value[] | undefined): Record<string, Value> {
  const rewritten = new Map<Value, Value>()
  const now = (value: Value): Value => rewritten.get(value) ?? value
  const done = new Set<GraphNode>()
  for (const { source } of topologicalValues(Object.values(outputs))) {
    if (source.kind !== 'node' || done.has(source.node)) continue
    const original = source.node
    done.add(original)
    const inputs = original.inputs.map(now)
    const replaced = replace(original, inputs)
    if (replaced === undefined && inputs.every((input, index) => input === original.inputs[index])) continue
    const made = replaced ?? nodeAgain(original, inputs)
    original.outputs.forEach((output, index) => { rewritten.set(output, made[index] ?? output) })
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, now(value)]))
}
