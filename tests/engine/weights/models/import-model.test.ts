import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { vitParameters } from '../../../../src/engine/nn'
import { elementCount, numberToFloat16, tensor, type Tensor } from '../../../../src/engine/tensor'
import { defaultPreprocessing, importModel, openModelFolder, readSafetensors, writeSafetensors } from '../../../../src/engine/weights'
import { context, errorOf, put, randomWeights, temporaryFolder, tinyConfig, tinyConfigFile } from '../support/files'
import { huggingFace } from '../support/layouts'
import { torchLegacy, torchZip } from '../support/torch-writer'

const folder = temporaryFolder()
const weights = randomWeights(tinyConfig)
let made = 0

/** A folder of its own with these files; `models` inside it is where imports go. */
function place(files: Readonly<Record<string, Buffer | string>>): { readonly at: string; readonly models: string } {
  const at = join(folder, `place${++made}`)
  mkdirSync(at)
  for (const [name, content] of Object.entries(files)) put(at, name, content)
  return { at, models: join(at, 'models') }
}
const tinyFiles = { 'weights.pth': torchZip(weights), 'config.json': tinyConfigFile }

describe('an import', () => {
  test('writes a model folder that says where it came from', async () => {
    const { at, models } = place({
      'Tiny DINO (v2).pth': torchZip(new Map([...weights, ['head.weight', tensor('float32', [1], new Float32Array(1))]])),
      'config.json': tinyConfigFile,
    })
    const source = join(at, 'Tiny DINO (v2).pth')
    const job = context()
    const model = await importModel({ source, modelsFolder: models }, job)

    const parameters = vitParameters(tinyConfig).reduce((sum, { shape }) => sum + elementCount(shape), 0)
    expect(model.folder).toBe(join(models, 'tiny-dino-v2'))
    expect(model.manifest).toEqual({
      schema: 1,
      id: 'tiny-dino-v2',
      name: 'Tiny DINO (v2)',
      description: 'Imported from Tiny DINO (v2).pth: in the layout of official DINO weights.',
      trained: true,
      config: tinyConfig,
      preprocessing: defaultPreprocessing,
      parameters,
      weights: {
        file: 'model.safetensors',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        bytes: readFileSync(model.weights.path).length,
      },
      provenance: { source, kind: 'fb-dino', unexpectedKeys: ['head.weight'], importedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string },
    })
    expect(await readSafetensors(model.weights.path)).toEqual(weights)
    expect(readdirSync(models)).toEqual(['tiny-dino-v2'])
    expect(job.events.map(({ done }) => done)).toEqual([...job.events.map(({ done }) => done)].sort((a, b) => a - b))
    expect(job.events.at(-1)).toMatchObject({ kind: 'progress', title: 'Import model', done: parameters * 4, total: parameters * 4, value: 1 })
  })

  test('takes the name it is given, and numbers what has the same', async () => {
    const { at, models } = place(tinyFiles)
    const request = { source: at, modelsFolder: models, name: 'Größe: 1' }
    const ids = []
    for (let round = 0; round < 3; round++) ids.push((await importModel(request, context())).manifest.id)
    expect(ids).toEqual(['große-1', 'große-1-2', 'große-1-3'].map((id) => id.replace('ß', '-')))
    expect(readdirSync(models).sort()).toEqual([...ids].sort())
  })

  test('leaves the ids of bundled models to them', async () => {
    const { at, models } = place(tinyFiles)
    const bundledFolder = join(at, 'bundled')
    for (const name of ['twin', 'twin-2']) mkdirSync(join(bundledFolder, name), { recursive: true })
    const ids = []
    for (let round = 0; round < 2; round++) ids.push((await importModel({ source: at, modelsFolder: models, bundledFolder, name: 'twin' }, context())).manifest.id)
    expect([ids, readdirSync(models).sort()]).toEqual([
      ['twin-3', 'twin-4'],
      ['twin-3', 'twin-4'],
    ])
  })

  test('of the same model twice at once makes two', async () => {
    const { at, models } = place(tinyFiles)
    const both = await Promise.all([1, 2].map(() => importModel({ source: at, modelsFolder: models, name: 'twin' }, context())))
    expect(both.map(({ manifest }) => manifest.id).sort()).toEqual(['twin', 'twin-2'])
    for (const { folder: own, manifest } of both) expect((await openModelFolder(own)).manifest).toEqual(manifest)
  })

  test.each([
    [
      'float16',
      new Map(
        Array.from(weights, ([name, { shape, data }]) => [
          name,
          tensor('float16', shape, Uint16Array.from(Array.from(data as Float32Array, numberToFloat16))),
        ]),
      ),
    ],
    ['float64', new Map(Array.from(weights, ([name, { shape, data }]) => [name, tensor('float64', shape, Float64Array.from(data as Float32Array))]))],
  ])('turns %s into float32', async (_dtype, tensors: ReadonlyMap<string, Tensor>) => {
    const { at, models } = place({ 'weights.pth': torchZip(tensors), 'config.json': tinyConfigFile })
    const written = await readSafetensors((await importModel({ source: at, modelsFolder: models }, context())).weights.path)
    for (const [name, { dtype, data }] of written) {
      expect(dtype).toBe('float32')
      const original = weights.get(name)?.data as Float32Array
      for (const [index, value] of (data as Float32Array).entries()) expect(Math.abs(value - (original[index] ?? NaN))).toBeLessThan(5e-4)
    }
  })

  test('takes the preprocessing of a Hugging Face folder that resizes and crops', async () => {
    const preprocessor = {
      do_center_crop: true,
      size: { shortest_edge: 18 },
      crop_size: { height: 16, width: 16 },
      image_mean: [0, 0, 0],
      image_std: [1, 1, 1],
    }
    const { at, models } = place({
      'pytorch_model.bin': torchZip(huggingFace(weights, 'vit', 'vit.')),
      'config.json': JSON.stringify({ model_type: 'vit', num_attention_heads: 3, hidden_act: 'gelu', layer_norm_eps: 1e-12 }),
      'preprocessor_config.json': JSON.stringify(preprocessor),
    })
    const { manifest } = await importModel({ source: at, modelsFolder: models }, context())
    expect(manifest.preprocessing).toEqual({ shortEdge: 18, crop: 16, mean: [0, 0, 0], std: [1, 1, 1] })
    expect(manifest.config).toEqual({ ...tinyConfig, layerNormEps: 1e-12 })
  })

  test('follows the links of a Hugging Face cache, and names the model after it', async () => {
    const { at, models } = place({
      blob1: torchZip(huggingFace(weights, 'vit')),
      blob2: JSON.stringify({ model_type: 'vit', num_attention_heads: 3 }),
    })
    const snapshot = join(at, 'models--facebook--dino-tiny', 'snapshots', 'a'.repeat(40))
    mkdirSync(snapshot, { recursive: true })
    symlinkSync('../../../blob1', join(snapshot, 'pytorch_model.bin'))
    symlinkSync('../../../blob2', join(snapshot, 'config.json'))
    const expected = { name: 'dino-tiny', config: tinyConfig }
    expect((await importModel({ source: snapshot, modelsFolder: models }, context())).manifest).toMatchObject(expected)
    expect((await importModel({ source: join(snapshot, 'pytorch_model.bin'), modelsFolder: models }, context())).manifest).toMatchObject(expected)
  })

  test.each([
    { model_type: 'bert', hidden_size: 768 },
    { model_type: 'vit', hidden_size: 768, hidden_act: 'relu' },
  ])('ignores a config.json that lies beside a file and describes something else: %j', async (config) => {
    const { at, models } = place({
      'weights.pth': torchZip(randomWeights({ ...tinyConfig, dim: 64, heads: 1 })),
      'config.json': JSON.stringify(config),
    })
    expect((await importModel({ source: join(at, 'weights.pth'), modelsFolder: models }, context())).manifest.config).toMatchObject({
      dim: 64,
      heads: 1,
    })
  })
})

describe('an import that fails', () => {
  test('because the config.json beside a Hugging Face file has another activation, which the weights would not tell', async () => {
    const { at, models } = place({
      'pytorch_model.bin': torchZip(huggingFace(weights, 'vit')),
      'config.json': JSON.stringify({ model_type: 'vit', num_attention_heads: 3, hidden_act: 'relu' }),
    })
    expect(await errorOf(importModel({ source: join(at, 'pytorch_model.bin'), modelsFolder: models }, context()))).toMatchObject({ code: 'MODEL_UNSUPPORTED' })
  })

  const broken = (name: string, index: number, value: number): Map<string, Tensor> => {
    const copy = new Map(weights)
    const original = weights.get(name)
    if (original === undefined) expect.fail(name)
    const data = Float32Array.from(original.data as Float32Array)
    data[index] = value
    return copy.set(name, { ...original, data })
  }
  const without = new Map([...weights].filter(([name]) => name !== 'blocks.1.norm2.bias'))

  test.each([
    ['a NaN', 'MODEL_NOT_FINITE', { tensor: 'norm.bias', element: 3 }, torchZip(broken('norm.bias', 3, NaN))],
    [
      'an infinity',
      'MODEL_NOT_FINITE',
      { tensor: 'blocks.1.mlp.fc2.weight', element: 100 },
      torchZip(broken('blocks.1.mlp.fc2.weight', 100, -Infinity)),
    ],
    [
      'a float64 that float32 cannot hold',
      'MODEL_NOT_FINITE',
      { tensor: 'norm.bias' },
      torchZip(new Map([...weights, ['norm.bias', tensor('float64', [12], new Float64Array(12).fill(1e300))]])),
    ],
    [
      'integers as weights',
      'MODEL_TENSOR',
      { tensor: 'norm.bias' },
      torchZip(new Map([...weights, ['norm.bias', tensor('int64', [12], new BigInt64Array(12))]])),
    ],
    ['a missing tensor', 'MODEL_KEYS', { missing: ['blocks.1.norm2.bias'], unexpected: [], wrongShape: [] }, torchLegacy(without)],
    ['a damaged archive', 'MODEL_ARCHIVE', {}, torchZip(weights).subarray(0, -100)],
  ])('because of %s names it and leaves nothing behind', async (_what, code, detail, content) => {
    const { at, models } = place({ 'weights.pth': content, 'config.json': tinyConfigFile })
    expect(await errorOf(importModel({ source: at, modelsFolder: models }, context()))).toMatchObject({ code, detail })
    expect(existsSync(models) ? readdirSync(models) : []).toEqual([])
  })

  test('because it was cancelled writes nothing more and leaves nothing behind', async () => {
    const { at, models } = place(tinyFiles)
    const controller = new AbortController()
    const job = context(controller.signal)
    const emit = (event: Parameters<typeof job.emit>[0]): void => {
      job.emit(event)
      controller.abort()
    }
    await expect(importModel({ source: at, modelsFolder: models }, { signal: controller.signal, emit })).rejects.toMatchObject({ name: 'AbortError' })
    expect(job.events).toMatchObject([{ done: 0 }])
    expect(readdirSync(models)).toEqual([])
  })

  test('because the folder cannot be written says so', async () => {
    const { at } = place({ ...tinyFiles, blocked: 'a file' })
    expect(await errorOf(importModel({ source: at, modelsFolder: join(at, 'blocked', 'models') }, context()))).toMatchObject({ code: 'DISK' })
  })

  const foreignShard = (name: string): Readonly<Record<string, string>> => ({
    'model.safetensors.index.json': JSON.stringify({ weight_map: { cls_token: name } }),
    'config.json': '{}',
  })
  test.each([
    ['a folder without weights', 'MODEL_UNSUPPORTED', { 'readme.md': 'text' }],
    ['a folder with several', 'MODEL_UNSUPPORTED', { 'a.pth': Buffer.alloc(1), 'b.pth': Buffer.alloc(1) }],
    ['a shard that climbs', 'MODEL_HEADER', foreignShard('../../secret.safetensors')],
    ['a shard by an absolute path', 'MODEL_HEADER', foreignShard('/etc/passwd')],
    ['a shard that is hidden', 'MODEL_HEADER', foreignShard('.ssh')],
    ['a shard that is missing', 'SOURCE_UNAVAILABLE', foreignShard('model-00001-of-00002.safetensors')],
    ['an index that is not one', 'MODEL_HEADER', { 'model.safetensors.index.json': '[]' }],
  ])('because the source is %s', async (_what, code, files) => {
    const { at, models } = place(files)
    expect(await errorOf(importModel({ source: at, modelsFolder: models }, context()))).toMatchObject({ code })
  })

  test('because the source is not there, or not a file', async () => {
    const { at, models } = place({})
    expect(await errorOf(importModel({ source: join(at, 'nowhere.pth'), modelsFolder: models }, context()))).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    })
    expect(await errorOf(importModel({ source: '/dev/zero', modelsFolder: models }, context()))).toMatchObject({ code: 'NOT_A_FILE' })
  })

  test('because two shards hold the same tensor', async () => {
    const { at, models } = place({})
    for (const name of ['a.safetensors', 'b.safetensors'])
      await writeSafetensors(join(at, name), [['cls_token', tensor('float32', [1], new Float32Array(1))]])
    writeFileSync(
      join(at, 'model.safetensors.index.json'),
      JSON.stringify({ weight_map: { cls_token: 'a.safetensors', pos_embed: 'b.safetensors' } }),
    )
    expect(await errorOf(importModel({ source: at, modelsFolder: models }, context()))).toMatchObject({ code: 'MODEL_TENSOR' })
  })
})
