/** @file Depth heads against the official code's numbers: every case found by its folder. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadBackbone, openHead } from '../../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import type { Tensor } from '../../../../src/engine/tensor'
import { importModel, readHeadFile, readSafetensors } from '../../../../src/engine/weights'
import { temporaryFolder } from '../../../helpers/folders'
import { goldenCases } from '../../../helpers/goldens'
import { maxDifference } from '../../../helpers/tensors'
import { patchRows } from '../../../helpers/vit-golden'

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
})
afterAll(() => runtime.dispose())

/** Zeros around a normalised picture up to whole patches, more at the right and the bottom. Source: dinov2/hub/utils.py CenterPadding. */
function padCentre({ shape: [batch = 0, channels = 0, height = 0, width = 0], data }: Tensor, multiple: number): Tensor<'float32'> {
  const edge = (size: number): number => Math.ceil(size / multiple) * multiple
  const [rows, columns] = [edge(height), edge(width)]
  const [top, left] = [Math.floor((rows - height) / 2), Math.floor((columns - width) / 2)]
  const padded = new Float32Array(batch * channels * rows * columns)
  for (let plane = 0; plane < batch * channels; plane++)
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) padded[(plane * rows + top + y) * columns + left + x] = Number(data[(plane * height + y) * width + x])
  return { dtype: 'float32', shape: [batch, channels, rows, columns], data: padded }
}

describe('depth in metres as the official code gives it', () => {
  it.each(goldenCases('depth'))('$name', async ({ folder }) => {
    const { max_depth: maxDepth } = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as { readonly max_depth: number }
    const context = { signal: new AbortController().signal, emit: () => undefined }
    const model = await importModel({ source: join(folder, 'backbone.pth'), modelsFolder: await temporaryFolder() }, context)
    const { draft, tensors } = await readHeadFile({ path: join(folder, 'head.pth'), name: undefined, maxDepth })
    const backbone = loadBackbone(runtime, model)
    const head = openHead(runtime, { ...draft, schema: 1, weights: { sha256: '', bytes: 0 } }, tensors)
    const expected = await readSafetensors(join(folder, 'expected.safetensors'))
    const differences: Record<string, number> = {}
    for (const [name, pixels] of expected) {
      const [, index] = /^input(\d+)$/.exec(name) ?? []
      if (index === undefined) continue
      const [batch = 0, , height = 0, width = 0] = pixels.shape
      const wanted = expected.get(`depth${index}`)!.data as Float32Array
      const { patches, grid } = patchRows(padCentre(pixels, model.manifest.config.patchSize), model.manifest.config.patchSize)
      const perPicture = patches.data.length / batch
      for (let picture = 0; picture < batch; picture++) {
        const rows = patches.data.subarray(picture * perPicture, (picture + 1) * perPicture)
        const depth = await head.predict(backbone, { count: 1, grid, patches: rows }, height, width)
        differences[`${name} ${picture}`] = maxDifference(depth, wanted.subarray(picture * height * width, (picture + 1) * height * width))
      }
    }
    await head.dispose()
    await backbone.dispose()
    expect(Object.keys(differences).length).toBeGreaterThan(0)
    expect(Object.entries(differences).filter(([, difference]) => !(difference < 1e-3))).toEqual([])
  })
})
