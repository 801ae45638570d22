import { describe, expect, it } from 'vitest'
import { constant, input } from '../../../src/engine/graph'
import { dinoHead, dinoHeadParameters, initialHeadParameters, parametersFrom, type DinoHeadConfig } from '../../../src/engine/nn'
import { multiply, sumAll } from '../../../src/engine/ops'
import type { Tensor } from '../../../src/engine/tensor'
import { erf } from '../../helpers/naive'
import { runGraph } from '../../helpers/run-graph'
import { derive, rowsOf, slopes, total } from '../../helpers/slopes'
import { distanceFromUniform, mean } from '../../helpers/statistics'
import { maxDifference, noise } from '../../helpers/tensors'

const config = (layers: number): DinoHeadConfig => ({ inputDim: 4, hidden: 6, bottleneck: 3, prototypes: 5, layers })
const rows = noise([3, 4], 1)

type Weights = Readonly<Record<string, readonly number[]>>

/** nn.Sequential of Linear and GELU, normalize, weight-normed Linear without bias, one number at a time. */
function naive(weights: Weights, layers: number, x: ArrayLike<number>): number[] {
  const names = layers === 1 ? ['mlp'] : Array.from({ length: layers }, (_, layer) => `mlp.${2 * layer}`)
  return rowsOf(x, 4).flatMap((row) => {
    let hidden = row
    names.forEach((name, layer) => {
      const matrix = rowsOf(weights[`${name}.weight`]!, hidden.length)
      hidden = matrix.map((line, out) => total(line.map((value, index) => value * hidden[index]!)) + weights[`${name}.bias`]![out]!)
      if (layer < layers - 1) hidden = hidden.map((value) => (value / 2) * (1 + erf(value / Math.SQRT2)))
    })
    const length = Math.hypot(...hidden)
    const normalized = hidden.map((value) => value / Math.max(length, 1e-12))
    return rowsOf(weights['last_layer.weight_v']!, 3).map((direction, prototype) => {
      const gain = weights['last_layer.weight_g']![prototype]! / Math.hypot(...direction)
      return total(direction.map((value, index) => gain * value * normalized[index]!))
    })
  })
}

function fixture(layers: number) {
  const parameters = dinoHeadParameters(config(layers))
  // Small enough for the series of erf.
  const half = (tensor: Tensor<'float32'>): Tensor<'float32'> => ({ ...tensor, data: tensor.data.map((value) => value / 2) })
  const tensors = Object.fromEntries(parameters.map(({ name, shape }, index) => [name, half(noise(shape, 10 + index))]))
  const values = parameters.map(({ name, shape }) => [name, input(name, 'float32', shape)] as const)
  const x = input('x', 'float32', [3, 4])
  const scores = dinoHead({ layers }, parametersFrom(new Map(values), 'the head'), x)
  return { tensors, values, x, scores, weights: Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, Array.from(data)])) }
}

describe.each([1, 2, 3])('a head of %i layers', (layers) => {
  it('gives the scores of a plain loop', async () => {
    const { tensors, scores, weights } = fixture(layers)
    const { y } = await runGraph({ y: scores }, { x: rows, ...tensors })
    expect(y!.shape).toEqual([3, 5])
    expect(maxDifference(Array.from(y!.data as Float32Array), naive(weights, layers, rows.data))).toBeLessThan(1e-5)
  })

  it('has the gradients of differences by its rows and by every weight', async () => {
    const { tensors, values, x, scores, weights } = fixture(layers)
    const projection = noise([3, 5], 99)
    const { gradients } = await derive(sumAll(multiply(scores, constant(projection))), [x, ...values.map(([, value]) => value)], { x: rows, ...tensors })
    const loss = (own: Weights, features: ArrayLike<number>): number => total(naive(own, layers, features).map((score, index) => score * projection.data[index]!))
    expect(maxDifference(gradients[0]!, slopes(rows.data, (features) => loss(weights, features)))).toBeLessThan(1e-4)
    values.forEach(([name], index) => {
      expect(maxDifference(gradients[index + 1]!, slopes(weights[name]!, (own) => loss({ ...weights, [name]: own }, rows.data))), name).toBeLessThan(1e-4)
    })
  })
})

describe('the parameters of a head', () => {
  it('have the names and shapes of the references, in their order', () => {
    expect(dinoHeadParameters({ inputDim: 384, hidden: 2048, bottleneck: 256, prototypes: 65_536, layers: 3 }).map(({ name, shape }) => [name, ...shape])).toEqual([
      ['mlp.0.weight', 2048, 384],
      ['mlp.0.bias', 2048],
      ['mlp.2.weight', 2048, 2048],
      ['mlp.2.bias', 2048],
      ['mlp.4.weight', 256, 2048],
      ['mlp.4.bias', 256],
      ['last_layer.weight_g', 65_536, 1],
      ['last_layer.weight_v', 65_536, 256],
    ])
    const names = (layers: number): string[] => dinoHeadParameters(config(layers)).map(({ name }) => name)
    expect(names(2)).toEqual(['mlp.0.weight', 'mlp.0.bias', 'mlp.2.weight', 'mlp.2.bias', 'last_layer.weight_g', 'last_layer.weight_v'])
    expect(names(1)).toEqual(['mlp.weight', 'mlp.bias', 'last_layer.weight_g', 'last_layer.weight_v'])
  })

  it('begin as the references draw them', () => {
    const large: DinoHeadConfig = { inputDim: 64, hidden: 96, bottleneck: 16, prototypes: 700, layers: 2 }
    const drawn = new Map<string, Tensor<'float32'>>(initialHeadParameters(large, 3))
    const values = (name: string): number[] => Array.from(drawn.get(name)!.data)
    expect([...drawn].map(([name, { shape }]) => ({ name, shape }))).toEqual(dinoHeadParameters(large))
    expect([new Set(values('mlp.0.bias')), new Set(values('mlp.2.bias')), new Set(values('last_layer.weight_g'))]).toEqual([new Set([0]), new Set([0]), new Set([1])])
    const linear = values('mlp.0.weight')
    const deviation = Math.sqrt(mean(linear.map((value) => value ** 2)))
    expect(Math.abs(mean(linear)) / (0.02 / Math.sqrt(linear.length))).toBeLessThan(4)
    expect(Math.abs(deviation - 0.02) / (0.02 / Math.sqrt(2 * linear.length))).toBeLessThan(4)
    expect(distanceFromUniform(values('last_layer.weight_v'), -0.25, 0.25)).toBeLessThan(1.95)
  })

  it('depend on the seed alone', () => {
    const first = (seed: number): number => [...initialHeadParameters(config(2), seed)][0]![1].data[0]!
    expect([first(1) === first(1), first(1) === first(2)]).toEqual([true, false])
  })
})
