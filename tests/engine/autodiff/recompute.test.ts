import { describe, expect, it } from 'vitest'
import { gradients } from '../../../src/engine/autodiff'
import { constant, input, topologicalValues, type Value } from '../../../src/engine/graph'
import { multiCropTransformer, parametersFrom, perSampleResidual, positionWeights, subsetResidual, vitParameters, type Residual } from '../../../src/engine/nn'
import { multiply, sumAll } from '../../../src/engine/ops'
import type { Tensor } from '../../../src/engine/tensor'
import { runGraph } from '../../helpers/run-graph'
import { smallConfigs } from '../../helpers/small-models'
import { float32, int64, maxDifference, noise } from '../../helpers/tensors'

const config = { ...smallConfigs.dinov2, depth: 3, dim: 16, hidden: 32, heads: 2 }
const batch = 4
const tokens = 5
const rows = batch * tokens

function fixture(residual: Residual | undefined) {
  const specs = vitParameters(config)
  const weights = specs.map(({ name, shape }) => input(name, 'float32', shape))
  const lookup = parametersFrom(new Map(specs.map(({ name }, index) => [name, weights[index]!])), 'the test')
  const position = positionWeights(config.positionGrid, { height: 2, width: 2 }, config.positionInterpolation)
  const patches = input('patches', 'float32', [batch, 4, 3 * config.patchSize ** 2])
  const { tokens: [out], boundaries } = multiCropTransformer(config, lookup, [{ patches, rows: constant(position.rows), columns: constant(position.columns) }], {
    form: 'fused',
    ...(residual === undefined ? {} : { residual }),
  })
  const feeds: Record<string, Tensor> = {
    patches: noise([batch, 4, 3 * config.patchSize ** 2], 1),
    ...Object.fromEntries(specs.map(({ name, shape }, index) => [name, { ...noise(shape, 20 + index), data: noise(shape, 20 + index).data.map((value) => 0.3 * value) }])),
  }
  return { specs, weights, boundaries, feeds, loss: sumAll(multiply(out!, constant(noise([batch, tokens, config.dim], 7)))) }
}

const count = (values: readonly Value[], op: string): number => topologicalValues(values).filter(({ source }) => source.kind === 'node' && source.node.op === op).length

const kept = Array.from({ length: 3 * tokens }, (_, row) => row)
const residuals: readonly (readonly [string, Residual | undefined, Readonly<Record<string, Tensor>>])[] = [
  ['plain', undefined, {}],
  [
    'with pictures left out one by one',
    perSampleResidual((block) => (block === 1 ? 0.5 : 0)),
    { 'kept.1': float32([2, rows, 1], Array.from({ length: 2 * rows }, (_, row) => (Math.floor(row / tokens) % 2 === 0 ? 0 : 2))) },
  ],
  [
    'with a fixed number left out',
    subsetResidual((block) => (block === 1 ? 0.25 : 0), (values) => constant(float32([values.length, 1], Array.from(values)))),
    { 'kept.1': int64([2, kept.length], [...kept, ...kept.map((row) => row + tokens)]) },
  ],
]

describe.each(residuals)('activations computed again, %s', (_what, residual, extra) => {
  it('give the same gradients', async () => {
    const { specs, weights, boundaries, feeds, loss } = fixture(residual)
    const [stored, again] = [gradients(loss, weights), gradients(loss, weights, { recompute: boundaries })]
    const named = (prefix: string, values: readonly Value[]): Record<string, Value> => Object.fromEntries(values.map((value, index) => [`${prefix}${index}`, value]))
    const results = await runGraph({ ...named('s', stored), ...named('a', again) }, { ...feeds, ...extra })
    const data = (name: string): number[] => Array.from(results[name]!.data as Float32Array)
    specs.forEach(({ name }, index) => {
      // Some numbers are sums of what cancels; the same operations in the same order give the same rounding all the same.
      expect(maxDifference(data(`s${index}`), data(`a${index}`)), name).toBeLessThan(1e-6)
    })
  })

  it('are those of every block and nothing else', () => {
    const { weights, boundaries, loss } = fixture(residual)
    const [stored, again] = [gradients(loss, weights), gradients(loss, weights, { recompute: boundaries })]
    // Attention's gradient computes its weights anyway; its forward kernel is only run again for the layer after it.
    expect([count(stored, 'layerNorm'), count(again, 'layerNorm') - count(stored, 'layerNorm') > 0]).toEqual([count([loss], 'layerNorm'), true])
    expect(count(again, 'multiHeadAttention')).toBe(2 * count([loss], 'multiHeadAttention'))
  })
})

it('nothing that the gradient reads from inside a block is kept: each such value waits for the gradient of the block above', () => {
  const { weights, boundaries, loss } = fixture(undefined)
  const again = gradients(loss, weights, { recompute: boundaries })
  const forward = new Set(topologicalValues([loss]))
  const inner = new Set([...forward].filter((value) => value.source.kind === 'node' && insideBlocks(value, boundaries)))
  const backward = topologicalValues(again).filter((value) => !forward.has(value))
  const readFrom = backward.flatMap(({ source }) => (source.kind === 'node' ? source.node.inputs.filter((value) => inner.has(value)) : []))
  expect(readFrom.filter((value) => !boundaries.includes(value))).toEqual([])
})

/** Whether a value is computed from the first boundary and leads to the last. */
function insideBlocks(value: Value, boundaries: readonly Value[]): boolean {
  const before = new Set(topologicalValues([boundaries.at(-1)!]))
  return before.has(value) && topologicalValues([value]).includes(boundaries[0]!)
}
