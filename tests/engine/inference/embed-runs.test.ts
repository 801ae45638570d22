/** @file Pictures to tokens: CLS, mean and patch tokens come of one run, at the pace of whoever takes them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FileProblem, Progress } from '../../../src/engine/contract'
import type { PreparedImage } from '../../../src/engine/image'
import { analyseImage, embedBatch, embedRuns, loadBackbone, patchTokens, type Backbone, type EmbeddedImage, type EmbedSource } from '../../../src/engine/inference'
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

function picture(seed: number, height = 28, width = 42): PreparedImage {
  const random = randomStream(seed)
  return { rgb: Uint8Array.from({ length: height * width * 3 }, () => random.uniform() * 256), height, width, extent: { left: 0, top: 0, width: 1, height: 1 }, note: '' }
}

const source = (index: number, prepare = (): Promise<PreparedImage | undefined> => Promise.resolve(picture(index))): EmbedSource => ({ relativePath: `${index}.jpg`, prepare })

async function collect(sources: readonly EmbedSource[], patches: boolean): Promise<{ readonly images: EmbeddedImage[]; readonly skipped: FileProblem[]; readonly progress: Progress[] }> {
  const images: EmbeddedImage[] = []
  const skipped: FileProblem[] = []
  const progress: Progress[] = []
  const signal = new AbortController().signal
  for await (const run of embedRuns(backbone, sources, { patches, signal, onSkipped: (problem) => skipped.push(problem), emit: (event) => progress.push(event) })) images.push(...run)
  return { images, skipped, progress }
}

describe('embedRuns', () => {
  it('gives the patch tokens that the inspector sees, with the same CLS and mean as without them', async () => {
    const { images } = await collect([0, 1, 2, 3, 4].map((index) => source(index)), true)
    const { images: plain } = await collect([0, 1, 2, 3, 4].map((index) => source(index)), false)
    const [vector] = await embedBatch(backbone, [picture(3)], 'cls+mean')
    const image = images[3]!
    expect(images.map(({ index, grid }) => ({ index, grid }))).toEqual([0, 1, 2, 3, 4].map((index) => ({ index, grid: { height: 2, width: 3 } })))
    expect(maxDifference(image.patches!, patchTokens(await analyseImage(backbone, picture(3))))).toBeLessThan(1e-5)
    expect(maxDifference([...image.cls, ...image.mean], vector!)).toBeLessThan(1e-5)
    expect(plain.map(({ patches }) => patches)).toEqual([undefined, undefined, undefined, undefined, undefined])
  })

  it('passes over what turns out to need nothing, without a problem and in the count', async () => {
    const { images, skipped, progress } = await collect([source(0), source(1, () => Promise.resolve(undefined)), source(2)], false)
    expect({ indices: images.map(({ index }) => index), skipped, end: progress.at(-1)?.done }).toEqual({ indices: [0, 2], skipped: [], end: 3 })
  })

  it('runs no further than it is asked to', async () => {
    let prepared = 0
    const sources = Array.from({ length: 500 }, (_, index) => source(index, () => {
      prepared++
      return Promise.resolve(picture(index))
    }))
    for await (const _run of embedRuns(backbone, sources, { patches: false, signal: new AbortController().signal, onSkipped: () => undefined, emit: () => undefined })) break
    expect(prepared).toBeLessThan(100)
  })
})
