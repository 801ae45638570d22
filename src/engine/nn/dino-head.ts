/** @file The projection head of DINO and DINOv2: an MLP, L2 normalisation, and weight-normalised prototypes. */
import { scalar, type Value } from '../graph'
import { add, divide, gelu, gemm, multiply, reshape, sqrt, sumSquares } from '../ops'
import { allocate, elementCount, randomStream, type Tensor } from '../tensor'
import type { Parameters } from './parameters'
import { rowLinear } from './transformer-block'
import type { ParameterSpec } from './vit-config'

/** Sizes of a head. */
export interface DinoHeadConfig {
  readonly inputDim: number
  readonly hidden: number
  readonly bottleneck: number
  readonly prototypes: number
  /** Linear layers of the MLP, at least one. */
  readonly layers: number
}

/** Position of the n-th linear layer in the references' Sequential, which also holds the GELUs; a single layer stands alone. */
const layerName = (layers: number, layer: number): string => (layers === 1 ? 'mlp' : `mlp.${2 * layer}`)

/** Names (below the head's prefix) and shapes, in state-dict order. Source: dino/vision_transformer.py:257-291. */
export function dinoHeadParameters({ inputDim, hidden, bottleneck, prototypes, layers }: DinoHeadConfig): ParameterSpec[] {
  const widths = [inputDim, ...new Array<number>(layers - 1).fill(hidden), bottleneck]
  const linear = (layer: number): ParameterSpec[] => [
    { name: `${layerName(layers, layer)}.weight`, shape: [widths[layer + 1] ?? 0, widths[layer] ?? 0] },
    { name: `${layerName(layers, layer)}.bias`, shape: [widths[layer + 1] ?? 0] },
  ]
  return [
    ...Array.from({ length: layers }, (_, layer) => linear(layer)).flat(),
    { name: 'last_layer.weight_g', shape: [prototypes, 1] },
    { name: 'last_layer.weight_v', shape: [prototypes, bottleneck] },
  ]
}

const linearStd = 0.02
/** Far below the norm of anything but a zero vector, whose derivative it keeps finite. */
const tinySquare = 1e-24

/** x / ‖x‖₂ of each row. Source: torch.nn.functional.normalize with eps 1e-12. */
export function normalizeRows(x: Value): Value {
  return divide(x, sqrt(add(sumSquares(x, -1, true), scalar(tinySquare))))
}

/**
 * Prototype scores of rows `[rows, dim]`: `[rows, prototypes]`. The weight norm g · v / ‖v‖ is applied to the scores
 * rather than to the weights, which are many more.
 * Source: dino/vision_transformer.py:257-291; dinov2/layers/dino_head.py.
 */
export function dinoHead({ layers }: Pick<DinoHeadConfig, 'layers'>, parameters: Parameters, rows: Value): Value {
  let hidden = rows
  for (let layer = 0; layer < layers; layer++) {
    const projected = rowLinear(parameters, layerName(layers, layer), hidden)
    hidden = layer < layers - 1 ? gelu(projected) : projected
  }
  const directions = parameters('last_layer.weight_v')
  const prototypes = directions.shape[0] ?? 0
  const gains = divide(reshape(parameters('last_layer.weight_g'), [1, prototypes]), reshape(sqrt(sumSquares(directions, 1)), [1, prototypes]))
  return multiply(gemm(normalizeRows(hidden), directions, false, true), gains)
}

/**
 * Initial weights: linear layers N(0, 0.02) with zero biases, prototypes U(±1/√bottleneck) with gains of 1.
 * Source: dino/vision_transformer.py:276-282; torch.nn.Linear.
 */
export function* initialHeadParameters(config: DinoHeadConfig, seed: number): Generator<readonly [name: string, tensor: Tensor<'float32'>]> {
  for (const [index, { name, shape }] of dinoHeadParameters(config).entries()) {
    const random = randomStream(seed, index)
    const bound = 1 / Math.sqrt(config.bottleneck)
    const draw = name.endsWith('weight_g') ? () => 1 : name.endsWith('weight_v') ? () => (2 * random.uniform() - 1) * bound : name.endsWith('.bias') ? () => 0 : () => linearStd * random.normal()
    const data = allocate('float32', elementCount(shape))
    for (let element = 0; element < data.length; element++) data[element] = draw()
    yield [name, { dtype: 'float32', shape, data }]
  }
}
