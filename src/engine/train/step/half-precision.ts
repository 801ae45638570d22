/** @file Matrix products in half precision: a rewriting of values, forward and backward alike, that leaves all else in float32. */
import { node, topologicalValues, type GraphNode, type Value } from '../../graph'
import { cast } from '../../ops'

/** What gains from it: products, and attention, which is two of them. */
const products: ReadonlySet<string> = new Set(['gemm', 'matMul', 'multiHeadAttention'])
/** What only moves elements, and so commutes with rounding: half of the bytes to move. */
const movements: ReadonlySet<string> = new Set(['transpose', 'reshape'])

/**
 * The same outputs with products computed in float16 from rounded inputs, their results float32 again. Products with
 * constants, such as the resizing of position embeddings, and those in `exact` or of its values stay as they are.
 * Source: torch.autocast, which rounds the inputs of linear layers, products and attention.
 */
export function productsInHalf(outputs: Readonly<Record<string, Value>>, exact: ReadonlySet<Value>): Record<string, Value> {
  const rewritten = new Map<Value, Value>()
  const halves = new Map<Value, Value>()
  const now = (value: Value): Value => rewritten.get(value) ?? value

  /** A rewritten value in float16, rounded once however often it is used. */
  const half = (value: Value): Value => {
    const known = halves.get(value)
    if (known !== undefined) return known
    const made = rounded(value)
    halves.set(value, made)
    return made
  }
  const rounded = (value: Value): Value => {
    const { source } = value
    const [first, ...others] = source.kind === 'node' ? source.node.inputs : []
    if (source.kind !== 'node' || first === undefined) return cast(value, 'float16')
    // What was float16 before loses nothing by being so again.
    if (source.node.op === 'cast' && first.dtype === 'float16') return first
    if (!movements.has(source.node.op)) return cast(value, 'float16')
    return again(source.node, [half(first), ...others], 'float16')[0] ?? value
  }

  const done = new Set<GraphNode>()
  for (const { source } of topologicalValues(Object.values(outputs))) {
    if (source.kind !== 'node' || done.has(source.node)) continue
    const original = source.node
    done.add(original)
    const inputs = original.inputs.map(now)
    const isHalved = products.has(original.op) && ![...original.outputs, ...original.inputs].some((value) => exact.has(value)) && !original.inputs.some(isFixed)
    if (!isHalved && inputs.every((input, index) => input === original.inputs[index])) continue
    const made = isHalved ? again(original, inputs.map(half), 'float16').map((output) => cast(output, 'float32')) : again(original, inputs)
    original.outputs.forEach((output, index) => { rewritten.set(output, made[index] ?? output) })
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, now(value)]))
}

/** A node over other inputs; `dtype` is that of its outputs where it changes. */
function again(original: GraphNode, inputs: readonly Value[], dtype?: 'float16'): readonly Value[] {
  return node({ ...original, inputs }, original.outputs.map(({ dtype: before, shape }) => ({ dtype: dtype ?? before, shape })))
}

/** Whether a value is the same in every run. */
function isFixed({ source }: Value): boolean {
  return source.kind === 'constant' || (source.kind === 'node' && movements.has(source.node.op) && source.node.inputs.every(isFixed))
}
