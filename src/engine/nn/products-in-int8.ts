/** @file Linear layers in 8-bit integers: a rewriting of values that leaves all else in float32. */
import { constant, rewriteNodes, topologicalValues, type Value } from '../graph'
import { int8Linear } from '../ops'
import type { QuantisedMatrix } from '../tensor'

/** The linear layers of the blocks: nearly all of the work. The patch embedding reads pixels, and stays exact. */
function isInt8Layer(weight: string): boolean {
  return weight.startsWith('blocks.')
}

/** The name of the parameter that a value is, through changes of its element type. */
function parameterOf({ source }: Value): string | undefined {
  if (source.kind === 'parameter') return source.name
  const [first] = source.kind === 'node' && source.node.op === 'cast' ? source.node.inputs : []
  return first === undefined ? undefined : parameterOf(first)
}

/** Names of the weights of the linear layers that `outputs` need and {@link productsInInt8} takes. */
export function int8Layers(outputs: Readonly<Record<string, Value>>): string[] {
  const names = topologicalValues(Object.values(outputs)).flatMap(({ source }) => {
    const weight = source.kind === 'node' && source.node.op === 'gemm' ? source.node.inputs[1] : undefined
    const name = weight && parameterOf(weight)
    return name !== undefined && isInt8Layer(name) ? [name] : []
  })
  return [...new Set(names)]
}

/**
 * The same outputs with linear layers computed from 8-bit activations and the weights in `quantised`, by their names. Norms,
 * softmax, attention, GELU and the residual stream stay float32.
 * Source: Bondarenko et al., "Understanding and Overcoming the Challenges of Efficient Transformer Quantization" (EMNLP 2021), §2.
 */
export function productsInInt8(outputs: Readonly<Record<string, Value>>, quantised: ReadonlyMap<string, QuantisedMatrix>): Record<string, Value> {
  return rewriteNodes(outputs, ({ op }, [x, weight, bias]) => {
    const matrix = op === 'gemm' && weight !== undefined ? quantised.get(parameterOf(weight) ?? '') : undefined
    if (matrix === undefined || x === undefined || bias === undefined) return undefined
    const { inputs, outputs: columns, values, scales } = matrix
    return [int8Linear(x, constant({ dtype: 'int8', shape: [inputs, columns], data: values }), constant({ dtype: 'float32', shape: [columns], data: scales }), bias)]
  })
}
