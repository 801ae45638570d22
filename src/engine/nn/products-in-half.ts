/** @file Matrix products in half precision: a rewriting of values, forward and backward alike, that leaves all else in float32. */
import { nodeAgain, rewriteNodes, type Value } from '../graph'
import { cast } from '../ops'

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
  const halves = new Map<Value, Value>()

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
    return nodeAgain(source.node, [half(first), ...others], 'float16')[0] ?? value
  }

  return rewriteNodes(outputs, (original, inputs) => {
    const isHalved = products.has(original.op) && ![...original.outputs, ...original.inputs].some((value) => exact.has(value)) && !original.inputs.some(isFixed)
    return isHalved ? nodeAgain(original, inputs.map(half), 'float16').map((output) => cast(output, 'float32')) : undefined
  })
}

/** Whether a value is the same in every run. */
function isFixed({ source }: Value): boolean {
  return source.kind === 'constant' || (source.kind === 'node' && movements.has(source.node.op) && source.node.inputs.every(isFixed))
}
