/** @file The DPT head against plain loops, with depth that differs over the picture: that of the golden is the same everywhere. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadBackbone, openHead, type Backbone } from '../../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import type { Tensor } from '../../../../src/engine/tensor'
import { importModel, readHeadFile } from '../../../../src/engine/weights'
import { dptByLoops, resized } from '../../../helpers/dpt-loops'
import { goldenCases } from '../../../helpers/goldens'
import { maxDifference, noise } from '../../../helpers/tensors'
import { patchRows } from '../../../helpers/vit-golden'

const last = 'conv_depth.head.4'
/** Makes depth differ by metres. */
const amplified = 1000
let modelsFolder: string
let runtime: Runtime
let backbone: Backbone
let file: Awaited<ReturnType<typeof readHeadFile>>

beforeAll(async () => {
  const { folder } = goldenCases('depth').find(({ name }) => name.includes('dpt'))!
  modelsFolder = await mkdtemp(join(tmpdir(), 'dpt-loops-'))
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
  const model = await importModel({ source: join(folder, 'backbone.pth'), modelsFolder }, { signal: new AbortController().signal, emit: () => undefined })
  backbone = loadBackbone(runtime, model)
  file = await readHeadFile({ path: join(folder, 'head.pth'), name: undefined, maxDepth: 1e6 })
})
afterAll(async () => {
  await backbone.dispose()
  await runtime.dispose()
  await rm(modelsFolder, { recursive: true })
})

/** The head with its last layer amplified and raised, so that its ReLU cuts nothing off. */
function raised(bias: number): ReadonlyMap<string, Tensor<'float32'>> {
  const weight = file.tensors.get(`${last}.weight`)!
  return new Map([...file.tensors, [`${last}.weight`, { ...weight, data: weight.data.map((value) => amplified * value) }], [`${last}.bias`, { dtype: 'float32', shape: [1], data: Float32Array.of(bias) }]])
}

describe('the DPT head', () => {
  it.each([[2, 3], [3, 2]] as const)('is what loops give over %i × %i patches', async (height, width) => {
    const { patchSize, dim, depth, registers } = backbone.config
    expect(depth).toBe(4)
    const { patches, grid } = patchRows(noise([1, 3, height * patchSize, width * patchSize], 5), patchSize)
    const batch = { count: 1, grid, patches: patches.data }
    const first = (1 + registers) * dim
    const tokens = (await backbone.intermediate(batch, [0, 1, 2, 3], false)).map((all) => ({ cls: all.slice(0, dim), patches: all.slice(first, first + height * width * dim) }))
    const far = 1e5
    const lowest = dptByLoops(raised(far), tokens, height, width, dim).data.reduce((least, value) => Math.min(least, value - far), Infinity)
    const tensors = raised(1 - lowest)
    const wanted = resized(dptByLoops(tensors, tokens, height, width, dim), height * patchSize, width * patchSize, false).data
    const head = openHead(runtime, { ...file.draft, schema: 1, weights: { sha256: '', bytes: 0 } }, tensors)
    const found = await head.predict(backbone, batch, height * patchSize, width * patchSize)
    await head.dispose()
    expect(Math.max(...wanted) - Math.min(...wanted)).toBeGreaterThan(1)
    expect(maxDifference(found, wanted)).toBeLessThan(1e-3)
    // Layers in another order are far from it.
    const wrong = resized(dptByLoops(tensors, [...tokens].reverse(), height, width, dim), height * patchSize, width * patchSize, false).data
    expect(maxDifference(found, wrong)).toBeGreaterThan(2e-3)
  })
  it('takes a panorama', async () => {
    const { patchSize } = backbone.config
    const [height, width] = [1, 1500]
    const { patches, grid } = patchRows(noise([1, 3, patchSize, width * patchSize], 5), patchSize)
    const head = openHead(runtime, { ...file.draft, schema: 1, weights: { sha256: '', bytes: 0 } }, raised(1e4))
    const found = await head.predict(backbone, { count: 1, grid, patches: patches.data }, height * patchSize, width * patchSize)
    await head.dispose()
    expect(found).toHaveLength(height * patchSize * width * patchSize)
    expect(found.every((metres) => metres > 1)).toBe(true)
  })
})
