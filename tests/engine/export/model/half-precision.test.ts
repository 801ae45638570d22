/** @file Weights in half precision: written rounded, compared with the exact ones, and read back as the same model. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { copyModelFolder, exportModel, roundingTolerance, type ModelCheck } from '../../../../src/engine/export'
import { loadBackbone, type PatchBatch } from '../../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import { randomStream } from '../../../../src/engine/tensor'
import { hashFile, importModel, openModelFolder, readSafetensors, requireVit, weightsFile, writeManifest, writeSafetensors, type VitModelFolder } from '../../../../src/engine/weights'
import { temporaryFolder } from '../../../helpers/folders'
import { smallConfigs, writeSmallModel } from '../../../helpers/small-models'
import { thrownBy } from '../../../helpers/thrown'

const samples = join(import.meta.dirname, '..', '..', '..', '..', 'resources', 'samples')
const context = { signal: new AbortController().signal, emit: () => undefined }

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
})
afterAll(async () => {
  await runtime.dispose()
})

const checkOf = (model: VitModelFolder) => (): Promise<ModelCheck> =>
  Promise.resolve({ reference: loadBackbone(runtime, model), open: runtime.openFile, withWeights: (weights) => loadBackbone(runtime, { ...model, weights }), pictures: [join(samples, 'cat.jpg')] })

async function halved(model: VitModelFolder, path: string): ReturnType<typeof exportModel> {
  return exportModel(model, { path, format: 'safetensors', precision: 'fp16', attention: 'cls', size: undefined }, checkOf(model), context)
}

const grid = { height: 3, width: 4 }
function batchFor(patchSize: number): PatchBatch {
  const random = randomStream(3)
  return { count: 2, grid, patches: Float32Array.from({ length: 2 * 12 * 3 * patchSize * patchSize }, () => random.normal()) }
}

function cosine(left: Float32Array, right: Float32Array): number {
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, index) => sum + value * (b[index] ?? NaN), 0)
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right))
}

const opened = async (folder: string): Promise<VitModelFolder> => requireVit(await openModelFolder(folder), 'read')

/** The model with one weight replaced. */
async function withWeight(model: VitModelFolder, folder: string, name: string, value: number): Promise<VitModelFolder> {
  const tensors = await readSafetensors(model.weights.path)
  const data = tensors.get(name)?.data as Float32Array
  data[1] = value
  const { sha256, bytes } = await writeSafetensors(join(folder, weightsFile), tensors)
  await writeManifest(folder, { ...model.manifest, weights: { file: weightsFile, sha256, bytes } })
  return opened(folder)
}

it.each(Object.entries(smallConfigs))('a %s model in half the bytes gives nearly the same vectors', async (_name, config) => {
  const folder = await temporaryFolder()
  const model = await writeSmallModel(join(folder, 'model'), config)
  const path = join(folder, 'out', 'half.safetensors')
  const { files, parity } = await halved(model, path)
  const back = await importModel({ source: path, modelsFolder: join(folder, 'models') }, context)
  const batch = batchFor(config.patchSize)
  const [exact, rounded] = [await loadBackbone(runtime, model).embed(batch), await loadBackbone(runtime, back).embed(batch)]
  expect(files).toEqual([join(folder, 'out', 'half.parity.json'), path])
  expect(parity).toHaveLength(4)
  // Rounded, and so not the same; but near.
  expect(parity.every(({ cosine: near, tokens }) => 1 - near <= roundingTolerance && tokens > 0)).toBe(true)
  expect(1 - cosine(exact.cls, rounded.cls)).toBeLessThan(1e-3)
  expect(1 - cosine(exact.mean, rounded.mean)).toBeLessThan(1e-3)
  expect(JSON.parse(await readFile(files[0]!, 'utf8'))).toMatchObject({ file: 'half.safetensors', precision: 'fp16', parity })
  expect(back.manifest.description).toBe('Random numbers. Weights rounded to half precision.')
  expect(new Set(Array.from(await readSafetensors(path), ([, { dtype }]) => dtype))).toEqual(new Set(['float16']))
})

it('a folder of halves opens as it is, and widened again holds the same numbers', async () => {
  const folder = await temporaryFolder()
  const model = await writeSmallModel(join(folder, 'model'), smallConfigs.registers)
  const options = { signal: context.signal, check: checkOf(model) }
  await copyModelFolder(join(folder, 'half'), model, { ...options, precision: 'fp16' })
  const half = await opened(join(folder, 'half'))
  const { parity } = await copyModelFolder(join(folder, 'wide'), half, { ...options, precision: 'fp32' })
  const wide = await opened(join(folder, 'wide'))
  const batch = batchFor(14)
  expect(half.manifest).toMatchObject({ id: model.manifest.id, name: model.manifest.name, parameters: model.manifest.parameters })
  expect(half.manifest.weights.bytes / model.manifest.weights.bytes).toBeLessThan(0.6)
  expect([parity, await hashFile(wide.weights.path)]).toEqual([[], wide.manifest.weights.sha256])
  expect(await loadBackbone(runtime, wide).embed(batch)).toEqual(await loadBackbone(runtime, half).embed(batch))
  expect(new Set(Array.from(wide.weights.tensors.values(), ({ dtype }) => dtype))).toEqual(new Set(['float32']))
  // What is half already is not rounded again.
  expect((await copyModelFolder(join(folder, 'again'), half, { ...options, precision: 'fp16' })).parity).toEqual([])
})

it('a weight beyond the range is refused by name, and one that vanishes is 0', async () => {
  const folder = await temporaryFolder()
  const model = await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
  const large = await withWeight(model, join(folder, 'large'), 'blocks.1.mlp.fc2.weight', -65520)
  for (const write of [halved(large, join(folder, 'out', 'half.safetensors')), copyModelFolder(join(folder, 'out', 'half'), large, { precision: 'fp16', signal: context.signal, check: checkOf(large) })])
    expect(await thrownBy(() => write)).toMatchObject({ code: 'MODEL_TENSOR', message: expect.stringMatching(/tensor "?blocks\.1\.mlp\.fc2\.weight"? has the value -65520 at element 1; half precision holds at most 65504/) as string, detail: { tensor: 'blocks.1.mlp.fc2.weight', element: 1 } })
  expect(await readdir(join(folder, 'out'))).toEqual([])

  const small = await withWeight(model, join(folder, 'small'), 'blocks.1.mlp.fc2.weight', 2 ** -24 * 1.5)
  await halved(small, join(folder, 'out', 'half.safetensors'))
  const written = (await readSafetensors(join(folder, 'out', 'half.safetensors'))).get('blocks.1.mlp.fc2.weight')
  // Half way between the smallest and the next: the even one.
  expect(written?.data[1]).toBe(2)
})

it('a model that rounding ruins is refused, and nothing is written', async () => {
  const folder = await temporaryFolder()
  const model = await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
  const other = await writeSmallModel(join(folder, 'other'), { ...smallConfigs.dinov2, heads: 2 })
  const check = async (): Promise<ModelCheck> => ({ ...(await checkOf(model)()), reference: loadBackbone(runtime, other) })
  await expect(exportModel(model, { path: join(folder, 'out', 'half.safetensors'), format: 'safetensors', precision: 'fp16', attention: 'cls', size: undefined }, check, context)).rejects.toMatchObject({ code: 'RUNTIME', message: expect.stringContaining('keep it in fp32') as string })
  expect(await readdir(join(folder, 'out'))).toEqual([])
  await expect(exportModel(model, { path: join(folder, 'out', 'half.onnx'), format: 'onnx', precision: 'fp16', attention: 'cls', size: undefined }, check, context)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
})
