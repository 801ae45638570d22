import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareWhole, readImageFile, type PreparedImage } from '../../../src/engine/image'
import { analyseImage, attentionOf, loadBackbone, patchTokens, pcaOf, similarityTo, type AnalysisState, type Backbone } from '../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { openUntrainedModel } from '../../helpers/untrained-model'

const root = join(import.meta.dirname, '..', '..', '..')

let runtime: Runtime
let untrained: Awaited<ReturnType<typeof openUntrainedModel>>
let backbone: Backbone
let prepared: PreparedImage
let state: AnalysisState
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu' })
  untrained = await openUntrainedModel()
  backbone = loadBackbone(runtime, untrained.model)
  const photo = await readImageFile(join(root, 'tests', 'fixtures', 'goldens', 'preprocess', 'chelsea.png'))
  prepared = await prepareWhole(photo, { size: 224, patchSize: 14, maxPatches: 4096 })
  state = await analyseImage(backbone, prepared)
})
afterAll(async () => {
  await backbone.dispose()
  await runtime.dispose()
  await untrained.remove()
})

describe('looking at a picture', () => {
  it('gives a token for CLS and for every patch', () => {
    expect(state.tokens).toHaveLength((1 + state.batch.grid.height * state.batch.grid.width) * backbone.config.dim)
    expect(state.tokens.every(Number.isFinite)).toBe(true)
  })

  it.each(['cls', 0, 17] as const)('gives attention of %s whose patch weights sum to the patch share of each head', async (query) => {
    const maps = await attentionOf(state, backbone.config.depth - 1, query)
    const patches = state.batch.grid.height * state.batch.grid.width
    const sums = Array.from({ length: maps.heads }, (_, head) => maps.weights.subarray(head * patches, (head + 1) * patches).reduce((sum, weight) => sum + weight, 0))
    sums.forEach((sum, head) => {
      expect(sum).toBeCloseTo(maps.patchShare[head]!, 5)
      expect(sum).toBeGreaterThan(0.5)
      expect(sum).toBeLessThan(1)
    })
  })

  it('gives other attention in another block and for another query', async () => {
    const [last, first, patch] = [await attentionOf(state, 3, 'cls'), await attentionOf(state, 0, 'cls'), await attentionOf(state, 3, 40)]
    expect(last.weights).not.toEqual(first.weights)
    expect(last.weights).not.toEqual(patch.weights)
  })

  it('finds a patch most like itself', async () => {
    const { cosine } = await similarityTo(state, 33)
    expect(cosine[33]).toBeCloseTo(1, 5)
    expect(cosine.findIndex((value, index) => index !== 33 && value > (cosine[33] ?? 0) + 1e-6)).toBe(-1)
    expect(patchTokens(state)).toHaveLength(cosine.length * backbone.config.dim)
  })

  it('colours every patch, the same every time', async () => {
    const map = await pcaOf(state)
    expect(map.rgb).toHaveLength(3 * state.batch.grid.height * state.batch.grid.width)
    expect(new Set(map.rgb).size).toBeGreaterThan(50)
    expect(await pcaOf(state)).toEqual(map)
  })

  it.each([
    ['a block', () => attentionOf(state, 4, 'cls'), 'block 4 is outside 0 to 3'],
    ['a patch to attend from', () => attentionOf(state, 0, 9999), /^patch 9999 is outside 0 to \d+$/],
    ['a patch to compare with', () => similarityTo(state, -1), /^patch -1 is outside/],
  ])('refuses %s that does not exist', async (_what, ask, message) => {
    await expect(ask()).rejects.toMatchObject({ code: 'BAD_REQUEST', message: expect.stringMatching(message) })
  })
})
