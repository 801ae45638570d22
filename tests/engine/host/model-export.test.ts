/** @file A model taken away by the page: written, compared with the engine, and fetched by opaque id. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Progress } from '../../../src/engine/contract'
import { createExports } from '../../../src/engine/host/exports'
import { modelExportHandlers } from '../../../src/engine/host/handlers/model-export'
import { createModelStore } from '../../../src/engine/host/model-store'
import { parseRequest } from '../../../src/engine/host/schemas'
import { decodeModel } from '../../../src/engine/onnx'
import { temporaryFolder } from '../../helpers/folders'
import { smallConfigs, writeSmallModel } from '../../helpers/small-models'

const resources = join(import.meta.dirname, '..', '..', '..', 'resources')

it('gives the page the file, its table of differences, and the rows of that table', async () => {
  const folder = await temporaryFolder()
  const exports = await createExports(join(folder, 'exports'))
  const models = createModelStore({ bundledFolder: join(resources, 'models'), modelsFolder: join(folder, 'models'), tryOnnx: () => Promise.reject(new Error('nothing is tried here')) })
  const handlers = modelExportHandlers({ options: { version: '1', workspace: folder, resources, threads: 1 }, models, exports })
  const progress: Progress[] = []
  const context = { signal: new AbortController().signal, emit: (event: Progress) => progress.push(event) }

  const { exportId, files, parity } = await handlers['models.export']({ modelId: 'dinoscope-mini', format: 'onnx', bakedSize: [56, 70], precision: undefined }, context)
  const parts: Uint8Array[] = []
  for (let offset = 0, size = 1; offset < size; offset += parts.at(-1)!.length) {
    const part = await exports.read(exportId, 'dinoscope-mini.onnx', offset)
    parts.push(part.bytes)
    size = part.totalBytes
  }
  expect([files.map(({ name }) => name), parity.map(({ image, height, width, tokens }) => [image, height, width, tokens < 1e-4]), progress.at(-1)?.value]).toEqual([
    ['dinoscope-mini.onnx', 'dinoscope-mini.parity.json'],
    [
      ['astronaut.jpg', 56, 70, true],
      ['cat.jpg', 56, 70, true],
    ],
    1,
  ])
  expect(decodeModel(Buffer.concat(parts)).graph.inputs[0]?.shape).toEqual(['batch', 3, 56, 70])

  const weights = await handlers['models.export']({ modelId: 'dinoscope-mini', format: 'safetensors', bakedSize: undefined, precision: undefined }, context)
  expect([weights.files.map(({ name }) => name), weights.parity]).toEqual([['dinoscope-mini.safetensors'], []])
  const { manifest } = await writeSmallModel(join(folder, 'models', 'small'), smallConfigs.dino)
  const halved = await handlers['models.export']({ modelId: 'small', format: 'safetensors', bakedSize: undefined, precision: 'fp16' }, context)
  expect([halved.files.map(({ name }) => name), halved.parity.length, (halved.files[1]?.sizeBytes ?? NaN) < 0.7 * manifest.weights.bytes]).toEqual([['small.parity.json', 'small.safetensors'], 4, true])
  await exports.dispose()
})

it('leaves nothing of an export that was refused', async () => {
  const folder = await temporaryFolder()
  const exports = await createExports(join(folder, 'exports'))
  const models = createModelStore({ bundledFolder: join(resources, 'models'), modelsFolder: join(folder, 'models'), tryOnnx: () => Promise.reject(new Error('nothing is tried here')) })
  const handlers = modelExportHandlers({ options: { version: '1', workspace: folder, resources, threads: 1 }, models, exports })
  const context = { signal: new AbortController().signal, emit: () => undefined }
  await expect(handlers['models.export']({ modelId: 'nonesuch', format: 'onnx', bakedSize: undefined, precision: undefined }, context)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(handlers['models.export']({ modelId: 'dinoscope-mini', format: 'onnx', bakedSize: [1, 1], precision: undefined }, context)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  const [own = ''] = await readdir(join(folder, 'exports'))
  expect(await readdir(join(folder, 'exports', own))).toEqual([])
})

it.each([
  [{ modelId: 'm', format: 'onnx', bakedSize: [224, 224] }, 'OK'],
  [{ modelId: 'm', format: 'safetensors' }, 'OK'],
  [{ modelId: 'm', format: 'safetensors', precision: 'fp16' }, 'OK'],
  [{ modelId: 'm', format: 'safetensors', precision: 'int8' }, 'BAD_REQUEST'],
  [{ modelId: 'm', format: 'pth' }, 'BAD_REQUEST'],
  [{ modelId: 'm', format: 'onnx', bakedSize: [224] }, 'BAD_REQUEST'],
  [{ modelId: 'm', format: 'onnx', bakedSize: [0, 224] }, 'BAD_REQUEST'],
  [{ modelId: 'm', format: 'onnx', path: '/etc/passwd' }, 'BAD_REQUEST'],
] as const)('lets in the request %j: %s', (argument, expected) => {
  const code = (): string => {
    try {
      parseRequest('models.export', argument)
      return 'OK'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  expect(code()).toBe(expected)
})
