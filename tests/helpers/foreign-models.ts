/** @file Small ONNX models as other makers write them: a convolution that cuts patches, and what is done with them. Standard operators alone. */
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from '../../src/engine/onnx'
import { randomStream, type DType } from '../../src/engine/tensor'

export interface ForeignOptions {
  /** Edge of a patch, pixels. */
  readonly patch: number
  readonly dim: number
  /** Batch, height and width of the input; names leave them free. */
  readonly batch?: number | string
  readonly size?: number | string
  /** Learned positions of so many patches: the graph then runs at one size alone, whatever its input says. */
  readonly positions?: number
  /** Leading tokens: minus the mean of the patches, once for CLS and twice, thrice, … for registers. */
  readonly leading?: number
  readonly channelsLast?: boolean
  readonly attention?: boolean
}

export interface ForeignModel {
  readonly model: OnnxModel
  /** Of the convolution, float32 [dim, 3, patch, patch], and its bias [dim]. */
  readonly kernel: Float32Array
  readonly bias: Float32Array
  /** float32 [positions, dim] */
  readonly positions: Float32Array | undefined
}

const bytesOf = (array: Float32Array | BigInt64Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
export const floats = (name: string, shape: readonly number[], data: Float32Array): OnnxTensor => ({ name, dtype: 'float32', shape, data: bytesOf(data) })
export const integers = (name: string, values: readonly number[]): OnnxTensor => ({ name, dtype: 'int64', shape: [values.length], data: bytesOf(BigInt64Array.from(values, BigInt)) })
const ints = (...value: number[]): OnnxAttribute => ({ kind: 'ints', value })
const int = (value: number): OnnxAttribute => ({ kind: 'int', value })

export function node(opType: string, inputs: readonly string[], output: string, attributes: Readonly<Record<string, OnnxAttribute>> = {}, domain = ''): OnnxNode {
  return { name: output, opType, domain, inputs, outputs: [output], attributes }
}

export function onnxModel(nodes: readonly OnnxNode[], initializers: readonly OnnxTensor[], inputs: readonly OnnxValueInfo[], outputs: readonly OnnxValueInfo[]): OnnxModel {
  return { irVersion: 8, producer: 'somebody else', opsets: { '': 17 }, metadata: {}, graph: { name: 'net', nodes, inputs, outputs, initializers } }
}

export const value = (name: string, shape: readonly (number | string)[], dtype: DType = 'float32'): OnnxValueInfo => ({ name, dtype, shape })

function patchifier({ patch, dim, batch = 'batch', size, channelsLast = false }: ForeignOptions) {
  const random = randomStream(11, patch * 100 + dim)
  const kernel = Float32Array.from({ length: dim * 3 * patch * patch }, () => 0.1 * random.normal())
  const bias = Float32Array.from({ length: dim }, () => random.normal())
  const [height, width] = [size ?? 'height', size ?? 'width']
  const conv = node('Conv', [channelsLast ? 'first' : 'pixels', 'kernel', 'bias'], 'maps', { kernel_shape: ints(patch, patch), strides: ints(patch, patch) })
  const nodes = channelsLast ? [node('Transpose', ['pixels'], 'first', { perm: ints(0, 3, 1, 2) }), conv] : [conv]
  return { kernel, bias, random, nodes, initializers: [floats('kernel', [dim, 3, patch, patch], kernel), floats('bias', [dim], bias)], input: value('pixels', channelsLast ? [batch, height, width, 3] : [batch, 3, height, width]) }
}

/** `last_hidden_state` [batch, leading + patches, dim]; with attention, `attention` [batch, 1, tokens, tokens] besides. */
export function tokenModel(options: ForeignOptions): ForeignModel {
  const { dim, leading = 0, positions, attention = false } = options
  const { nodes, initializers, input, random, ...weights } = patchifier(options)
  const learned = positions === undefined ? undefined : Float32Array.from({ length: positions * dim }, () => random.normal())
  const rows = positions === undefined ? 'rows' : 'placed'
  const scales = Array.from({ length: leading }, (_, index) => floats(`scale${index}`, [1], Float32Array.of(-(index + 1))))
  const all: OnnxNode[] = [
    ...nodes,
    node('Reshape', ['maps', 'flat'], 'columns'),
    node('Transpose', ['columns'], 'rows', { perm: ints(0, 2, 1) }),
    ...(learned === undefined ? [] : [node('Add', ['rows', 'positions'], 'placed')]),
    ...(leading === 0 ? [] : [node('ReduceMean', [rows], 'mean', { axes: ints(1), keepdims: int(1) })]),
    ...Array.from({ length: leading }, (_, index) => node('Mul', ['mean', `scale${index}`], `lead${index}`)),
    node('Concat', [...Array.from({ length: leading }, (_, index) => `lead${index}`), rows], 'last_hidden_state', { axis: int(1) }),
    ...(attention
      ? [
          node('Transpose', ['last_hidden_state'], 'turned', { perm: ints(0, 2, 1) }),
          node('MatMul', ['last_hidden_state', 'turned'], 'scores'),
          node('Softmax', ['scores'], 'weights', { axis: int(-1) }),
          node('Unsqueeze', ['weights', 'one'], 'attention'),
        ]
      : []),
  ]
  const { batch = 'batch' } = options
  const parameters = [...initializers, integers('flat', [0, dim, -1]), ...scales, ...(learned === undefined ? [] : [floats('positions', [1, positions ?? 0, dim], learned)]), ...(attention ? [integers('one', [1])] : [])]
  const outputs = [value('last_hidden_state', [batch, 'tokens', dim]), ...(attention ? [value('attention', [batch, 1, 'tokens', 'tokens'])] : [])]
  return { ...weights, positions: learned, model: onnxModel(all, parameters, [input], outputs) }
}

/** `features` [batch, dim, rows, columns], or with channels last [batch, rows, columns, dim]. */
export function mapModel(options: ForeignOptions): ForeignModel {
  const { nodes, initializers, input, random: _random, ...weights } = patchifier(options)
  const { batch = 'batch', dim, channelsLast = false } = options
  const last = channelsLast ? node('Transpose', ['maps'], 'features', { perm: ints(0, 2, 3, 1) }) : node('Identity', ['maps'], 'features')
  return { ...weights, positions: undefined, model: onnxModel([...nodes, last], initializers, [input], [value('features', channelsLast ? [batch, 'rows', 'columns', dim] : [batch, dim, 'rows', 'columns'])]) }
}

/** `embedding` [batch, dim]: the mean of the patches. */
export function vectorModel(options: ForeignOptions): ForeignModel {
  const { nodes, initializers, input, random: _random, ...weights } = patchifier(options)
  const { batch = 'batch', dim } = options
  const pooled = [node('GlobalAveragePool', ['maps'], 'pooled'), node('Flatten', ['pooled'], 'embedding', { axis: int(1) })]
  return { ...weights, positions: undefined, model: onnxModel([...nodes, ...pooled], initializers, [input], [value('embedding', [batch, dim])]) }
}

/** Patch tokens of pixel rows `[count, patches, 3·p²]`, one by one: float64 [count, patches, dim]. */
export function naiveTokens({ kernel, bias, positions }: ForeignModel, rows: Float32Array, patches: number): number[][][] {
  const dim = bias.length
  const pixels = kernel.length / dim
  const count = rows.length / (patches * pixels)
  return Array.from({ length: count }, (_, picture) =>
    Array.from({ length: patches }, (_patch, patch) =>
      Array.from({ length: dim }, (_column, column) => {
        let sum = bias[column]! + (positions?.[patch * dim + column] ?? 0)
        for (let pixel = 0; pixel < pixels; pixel++) sum += kernel[column * pixels + pixel]! * rows[(picture * patches + patch) * pixels + pixel]!
        return sum
      }),
    ),
  )
}

/** Mean of tokens `[patches][dim]`. */
export function naiveMean(tokens: readonly (readonly number[])[]): number[] {
  return (tokens[0] ?? []).map((_, column) => tokens.reduce((sum, token) => sum + token[column]!, 0) / tokens.length)
}
