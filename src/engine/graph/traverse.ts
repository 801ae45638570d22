/** @file Finding what a set of outputs depends on. */
import type { GraphNode, Value } from './value'

/**
 * Every value the outputs depend on, inputs before users. Without recursion, since a training graph is thousands of
 * nodes deep; the specification is
 * `visit(v) = v.source.kind === 'node' ? v.source.node.inputs.forEach(visit) : nothing; then emit v once`.
 */
export function topologicalValues(outputs: readonly Value[]): Value[] {
  const ordered: Value[] = []
  const done = new Set<GraphNode | Value>()
  const stack: { value: Value; expanded: boolean }[] = [...outputs].reverse().map((value) => ({ value, expanded: false }))
  while (stack.length > 0) {
    const top = stack.pop()
    if (top === undefined) break
    const { value, expanded } = top
    const identity = value.source.kind === 'node' ? value.source.node : value
    if (done.has(identity)) continue
    if (expanded || value.source.kind !== 'node') {
      done.add(identity)
      ordered.push(value)
      continue
    }
    stack.push({ value, expanded: true })
    for (const dependency of [...value.source.node.inputs].reverse()) stack.push({ value: dependency, expanded: false })
  }
  return ordered
}
