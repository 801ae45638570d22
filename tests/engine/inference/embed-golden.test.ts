/** @file From a photo's file to its vector: our decoding and preprocessing against the official pixels, through the official models. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareEvaluation } from '../../../src/engine/image'
import { embedBatch, loadBackbone } from '../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import type { Tensor } from '../../../src/engine/tensor'
import { importModel, readSafetensors } from '../../../src/engine/weights'
import { goldenCases, goldensFolder } from '../../helpers/goldens'
import { patchRows } from '../../helpers/vit-golden'

let runtime: Runtime
let modelsFolder: string
let photos: ReadonlyMap<string, Tensor>
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu' })
  modelsFolder = await mkdtemp(join(tmpdir(), 'dinoscope-embed-golden-'))
  photos = await readSafetensors(join(goldensFolder, 'preprocess', 'expected.safetensors'))
})
afterAll(async () => {
  await runtime.dispose()
  await rm(modelsFolder, { recursive: true, force: true })
})

function cosine(left: Float32Array, right: Float32Array): number {
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0)
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right))
}

describe('the vector of a file is that of the official pixels', () => {
  it.each(goldenCases('vit'))('through $name', async ({ folder }) => {
    const model = await importModel({ source: folder, modelsFolder }, { signal: new AbortController().signal, emit: () => undefined })
    const backbone = loadBackbone(runtime, model)
    const { preprocessing, config } = model.manifest
    const cosines: Record<string, number> = {}
    for (const [name, pixels] of photos) {
      const prepared = await prepareEvaluation(await readFile(join(goldensFolder, 'preprocess', name)), preprocessing, config.patchSize)
      const [ours] = await embedBatch(backbone, [prepared], 'cls')
      const { patches, grid } = patchRows(pixels.shape.length === 3 ? { ...pixels, shape: [1, ...pixels.shape] } : pixels, config.patchSize)
      const { cls } = await backbone.embed({ count: 1, grid, patches: patches.data })
      cosines[name] = cosine(ours!, cls)
    }
    await backbone.dispose()
    expect(Object.keys(cosines).length).toBeGreaterThan(0)
    expect(Object.entries(cosines).filter(([, value]) => !(value >= 0.999))).toEqual([])
  })
})
