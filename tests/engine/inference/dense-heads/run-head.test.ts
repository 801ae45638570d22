/** @file A head at work for several pictures at once. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadBackbone, openHead } from '../../../../src/engine/inference'
import { createRuntime } from '../../../../src/engine/runtime'
import { importModel, readHeadFile } from '../../../../src/engine/weights'
import { temporaryFolder } from '../../../helpers/folders'
import { goldenCases } from '../../../helpers/goldens'
import { maxDifference, noise } from '../../../helpers/tensors'
import { patchRows } from '../../../helpers/vit-golden'

it('keeps a graph open while a picture is at work in it, however many sizes are asked for', async () => {
  const { folder } = goldenCases('depth').find(({ name }) => name.includes('linear'))!
  const runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
  const model = await importModel({ source: join(folder, 'backbone.pth'), modelsFolder: await temporaryFolder() }, { signal: new AbortController().signal, emit: () => undefined })
  const { draft, tensors } = await readHeadFile({ path: join(folder, 'head.pth'), name: undefined, maxDepth: 10 })
  const backbone = loadBackbone(runtime, model)
  const head = openHead(runtime, { ...draft, schema: 1, weights: { sha256: '', bytes: 0 } }, tensors)
  const { patchSize } = model.manifest.config
  const { patches, grid } = patchRows(noise([1, 3, 2 * patchSize, 3 * patchSize]), patchSize)
  const batch = { count: 1, grid, patches: patches.data }
  const sizes = Array.from({ length: 8 }, (_, index) => 20 + index)
  const ask = async (size: number): Promise<Float32Array> => head.predict(backbone, batch, size, size)
  const together = await Promise.all([...sizes, ...sizes].map(ask))
  for (const [index, size] of sizes.entries()) {
    const alone = await ask(size)
    expect(alone).toHaveLength(size * size)
    expect(maxDifference(alone, together[index]!)).toBe(0)
    expect(maxDifference(alone, together[index + sizes.length]!)).toBe(0)
  }
  await head.dispose()
  await backbone.dispose()
  await runtime.dispose()
})
