import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EngineError, type FileProblem, type Pooling, type Progress } from '../../../src/engine/contract'
import type { PreparedImage } from '../../../src/engine/image'
import { analyseImage, embedBatch, embedImages, loadBackbone, patchTokens, pooledDim, type Backbone, type EmbedSource } from '../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { randomStream } from '../../../src/engine/tensor'
import { maxDifference } from '../../helpers/tensors'
import { openUntrainedModel } from '../../helpers/untrained-model'

let runtime: Runtime
let untrained: Awaited<ReturnType<typeof openUntrainedModel>>
let backbone: Backbone
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu' })
  untrained = await openUntrainedModel()
  backbone = loadBackbone(runtime, untrained.model)
})
afterAll(async () => {
  await backbone.dispose()
  await runtime.dispose()
  await untrained.remove()
})

function picture(seed: number, height = 28, width = 28): PreparedImage {
  const random = randomStream(seed)
  return {
    rgb: Uint8Array.from({ length: height * width * 3 }, () => random.uniform() * 256),
    height,
    width,
    extent: { left: 0, top: 0, width: 1, height: 1 },
    note: '',
  }
}

function source(index: number, prepare: () => Promise<PreparedImage>): EmbedSource {
  return { relativePath: `photo-${index}.jpg`, prepare }
}

interface Outcome {
  readonly vectors: Map<number, Float32Array>
  readonly skipped: FileProblem[]
  readonly progress: Progress[]
}

async function embed(sources: readonly EmbedSource[], pooling: Pooling = 'cls', signal = new AbortController().signal): Promise<Outcome & { readonly embedded: number }> {
  const outcome: Outcome = { vectors: new Map(), skipped: [], progress: [] }
  const { embedded } = await embedImages(backbone, sources, {
    pooling,
    signal,
    onVector: (index, vector) => { outcome.vectors.set(index, vector) },
    onSkipped: (problem) => outcome.skipped.push(problem),
    emit: (progress) => outcome.progress.push(progress),
  })
  return { ...outcome, embedded }
}

describe('embedding many pictures', () => {
  it('gives each picture the vector it has alone, whatever the batch', async () => {
    const { vectors } = await embed(Array.from({ length: 23 }, (_, index) => source(index, async () => Promise.resolve(picture(index)))))
    for (const index of [0, 7, 22]) {
      const [alone] = await embedBatch(backbone, [picture(index)], 'cls')
      expect(maxDifference(vectors.get(index)!, alone!)).toBeLessThan(1e-5)
    }
    expect(vectors.size).toBe(23)
  })

  it('pools CLS, the mean of the patch tokens, or both', async () => {
    const state = await analyseImage(backbone, picture(1))
    const { dim } = backbone.config
    const tokens = patchTokens(state)
    const mean = Float32Array.from({ length: dim }, (_, column) => [0, 1, 2, 3].reduce((sum, row) => sum + tokens[row * dim + column]!, 0) / 4)
    const cls = state.tokens.subarray(0, dim)
    const pooled = async (pooling: Pooling): Promise<Float32Array> => (await embedBatch(backbone, [picture(1)], pooling))[0]!
    expect(maxDifference(await pooled('cls'), cls)).toBeLessThan(1e-5)
    expect(maxDifference(await pooled('mean'), mean)).toBeLessThan(1e-5)
    expect(maxDifference(await pooled('cls+mean'), [...cls, ...mean])).toBeLessThan(1e-5)
    expect((['cls', 'mean', 'cls+mean'] as const).map((pooling) => pooledDim(dim, pooling))).toEqual([dim, dim, 2 * dim])
  })

  it('leaves a broken picture out, names it, and goes on', async () => {
    const broken = source(1, async () => Promise.reject(new EngineError('IMG_TRUNCATED', 'half a picture')))
    const sources = [source(0, async () => Promise.resolve(picture(0))), broken, source(2, async () => Promise.resolve(picture(2)))]
    const { vectors, skipped, embedded } = await embed(sources)
    expect({ embedded, indices: [...vectors.keys()], skipped }).toEqual({
      embedded: 2,
      indices: [0, 2],
      skipped: [{ relativePath: 'photo-1.jpg', code: 'IMG_TRUNCATED', reason: 'half a picture' }],
    })
  })

  it('takes pictures of different sizes', async () => {
    const sizes = [[28, 28], [28, 42], [28, 42], [14, 14]] as const
    const { vectors } = await embed(sizes.map(([height, width], index) => source(index, async () => Promise.resolve(picture(index, height, width)))))
    expect([...vectors.keys()]).toEqual([0, 1, 2, 3])
  })

  it('tells how far it is and ends at the whole', async () => {
    const { progress } = await embed(Array.from({ length: 9 }, (_, index) => source(index, async () => Promise.resolve(picture(index)))))
    expect(progress.at(-1)).toMatchObject({ done: 9, total: 9, value: 1 })
  })

  it('stops when cancelled, without decoding the rest', async () => {
    const controller = new AbortController()
    let prepared = 0
    const sources = Array.from({ length: 500 }, (_, index) =>
      source(index, async () => {
        if (++prepared === 20) controller.abort()
        return Promise.resolve(picture(index))
      }),
    )
    await expect(embed(sources, 'cls', controller.signal)).rejects.toThrow()
    expect(prepared).toBeLessThan(100)
  })
})
