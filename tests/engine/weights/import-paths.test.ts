/** Every layout and container in which the golden weights can arrive leads to the same model folder, bit for bit. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { dinoConfig, dinov2Config, type VitConfig } from '../../../src/engine/nn'
import { tensor, type Tensor } from '../../../src/engine/tensor'
import { importModel, openModelFolder, readSafetensors, writeSafetensors, type VitModelFolder } from '../../../src/engine/weights'
import type { HuggingFaceModel } from '../../../src/engine/weights/layout/hugging-face'
import { context, fixtures, put, temporaryFolder, tensorsOf } from './support/files'
import { chunked, huggingFace, renamed, type Tensors } from './support/layouts'
import { torchLegacy, torchZip } from './support/torch-writer'

const folder = temporaryFolder()
const models = join(folder, 'models')

const cases: readonly { readonly name: string; readonly model: HuggingFaceModel; readonly config: VitConfig }[] = [
  { name: 'dino-p8', model: 'vit', config: { ...dinoConfig('ti', 8), dim: 128, depth: 1, heads: 2, hidden: 512, positionGrid: 4 } },
  { name: 'dinov2-p14', model: 'dinov2', config: { ...dinov2Config('s'), dim: 128, depth: 2, heads: 2, hidden: 512, positionGrid: 5 } },
  {
    name: 'dinov2-reg4-swiglu',
    model: 'dinov2_with_registers',
    config: { ...dinov2Config('g', 4), dim: 64, depth: 4, heads: 1, hidden: 176, positionGrid: 5 },
  },
]

const head: readonly (readonly [string, Tensor])[] = [['head.mlp.0.weight', tensor('float32', [2, 2], new Float32Array(4))]]

async function importFrom(source: string): Promise<VitModelFolder> {
  return importModel({ source, modelsFolder: models }, context())
}

function subFolder(name: string): string {
  const path = join(folder, name)
  mkdirSync(path, { recursive: true })
  return path
}

function huggingFaceConfig({ dim, depth, heads, patchSize, registers, feedForward }: VitConfig, model: HuggingFaceModel): string {
  const common = {
    model_type: model,
    hidden_size: dim,
    num_hidden_layers: depth,
    num_attention_heads: heads,
    patch_size: patchSize,
    hidden_act: 'gelu',
    image_size: 518,
  }
  const dinov2 = {
    use_swiglu_ffn: feedForward === 'swiglu',
    layer_norm_eps: 1e-6,
    ...(model === 'dinov2' ? {} : { num_register_tokens: registers, interpolate_antialias: true, interpolate_offset: 0 }),
  }
  return JSON.stringify({ ...common, ...(model === 'vit' ? { layer_norm_eps: 1e-6 } : dinov2) })
}

describe.each(cases)('$name', ({ name, model, config }) => {
  const golden = join(fixtures, 'goldens/vit', name)
  let weights: Tensors
  let direct: VitModelFolder

  beforeAll(async () => {
    const stored = await tensorsOf(join(golden, 'weights.pth'))
    weights = renamed(stored, (key) => key.replace(/^blocks\.\d+\.(\d+)\./, 'blocks.$1.'))
    direct = await importFrom(join(golden, 'weights.pth'))
  })

  test('the official file gives its own tensors and configuration', async () => {
    const written = await readSafetensors(direct.weights.path)
    expect(new Set(written.keys())).toEqual(new Set(weights.keys()))
    for (const [key, value] of written) expect(Buffer.compare(bytesOf(value), bytesOf(weights.get(key))), key).toBe(0)
    expect(direct.manifest.config).toEqual(config)
    expect(direct.manifest.provenance).toMatchObject({ kind: config.family === 'dino' ? 'fb-dino' : 'fb-dinov2', unexpectedKeys: [] })
  })

  const files: readonly { readonly layout: string; readonly kind: 'fb' | 'hf'; write(tensors: Tensors): Promise<string> | string }[] = [
    { layout: 'the folder of the file', kind: 'fb', write: () => golden },
    { layout: 'flat names, zip format', kind: 'fb', write: (tensors) => put(subFolder(`${name}/zip`), 'weights.pth', torchZip(tensors)) },
    {
      layout: 'flat names, zip format, deflated',
      kind: 'fb',
      write: (tensors) => put(subFolder(`${name}/deflated`), 'any name.bin', torchZip(tensors, { deflate: true })),
    },
    { layout: 'flat names, legacy format', kind: 'fb', write: (tensors) => put(subFolder(`${name}/legacy`), 'weights.pth', torchLegacy(tensors)) },
    {
      layout: 'chunked names',
      kind: 'fb',
      write: (tensors) => put(subFolder(`${name}/chunked`), 'weights.pth', torchZip(chunked(tensors, config.depth, config.depth))),
    },
    {
      layout: 'flat names, safetensors',
      kind: 'fb',
      write: async (tensors) => {
        const path = join(subFolder(`${name}/flat`), 'weights.safetensors')
        await writeSafetensors(path, tensors)
        return path
      },
    },
    {
      layout: 'safetensors bytes under the name of a .pth',
      kind: 'fb',
      write: async (tensors) => {
        const path = join(subFolder(`${name}/misnamed`), 'weights.safetensors')
        await writeSafetensors(path, tensors)
        return put(subFolder(`${name}/misnamed`), 'weights.pth', readFileSync(path))
      },
    },
    {
      layout: 'the teacher of a training checkpoint',
      kind: 'fb',
      write: (tensors) => {
        const other = new Map(Array.from(tensors, ([key, value]) => [key, { ...value, data: value.data.slice().fill(0 as never) }]))
        const student = renamed(new Map([...other, ...head]), (key) => `module.backbone.${key}`)
        const teacher = new Map([...renamed(tensors, (key) => `backbone.${key}`), ...head])
        return put(
          subFolder(`${name}/training`),
          'checkpoint.pth',
          torchZip(
            new Map<string, never>([
              ['student', student],
              ['teacher', teacher],
              ['epoch', 3],
            ] as never),
          ),
        )
      },
    },
    ...(['', 'with prefix'] as const).flatMap((prefixed) => [
      {
        layout: `Hugging Face folder with safetensors ${prefixed}`,
        kind: 'hf' as const,
        write: async (tensors: Tensors) => {
          const target = subFolder(`${name}/hugging face ${prefixed}`)
          put(target, 'config.json', huggingFaceConfig(config, model))
          await writeSafetensors(join(target, 'model.safetensors'), huggingFace(tensors, model, prefixed === '' ? '' : `${model}.`))
          return target
        },
      },
      {
        layout: `Hugging Face folder with pytorch_model.bin ${prefixed}`,
        kind: 'hf' as const,
        write: (tensors: Tensors) => {
          const target = subFolder(`${name}/hugging face bin ${prefixed}`)
          put(target, 'config.json', huggingFaceConfig(config, model))
          put(target, 'pytorch_model.bin', torchZip(huggingFace(tensors, model, prefixed === '' ? '' : `${model}.`), { root: 'pytorch_model' }))
          return target
        },
      },
    ]),
    {
      layout: 'Hugging Face folder in shards',
      kind: 'hf',
      write: async (tensors) => {
        const target = subFolder(`${name}/shards`)
        const all = [...huggingFace(tensors, model)]
        const shards = [all.slice(0, 5), all.slice(5)].map((part, index) => ({ part, file: `model-0000${index + 1}-of-00002.safetensors` }))
        for (const { part, file } of shards) await writeSafetensors(join(target, file), part)
        put(target, 'config.json', huggingFaceConfig(config, model))
        const map = Object.fromEntries(shards.flatMap(({ part, file }) => part.map(([key]) => [key, file])))
        put(target, 'model.safetensors.index.json', JSON.stringify({ metadata: {}, weight_map: map }))
        return target
      },
    },
    { layout: 'a model folder of our own', kind: 'fb', write: () => direct.folder },
  ]

  test.each(files)('$layout gives the same model', async ({ kind, write }) => {
    const { manifest } = await importFrom(await write(weights))
    expect(manifest.weights).toEqual(direct.manifest.weights)
    expect(manifest.config).toEqual(direct.manifest.config)
    expect(manifest.trained).toBe(true)
    if (kind === 'hf')
      expect(manifest.provenance.kind).toBe(model === 'vit' ? 'hf-vit' : model === 'dinov2' ? 'hf-dinov2' : 'hf-dinov2-with-registers')
    await expect(openModelFolder(join(models, manifest.id))).resolves.toMatchObject({ manifest })
  })
})

describe('checkpoints of the official training code', () => {
  test.each([
    { file: 'dino/checkpoint.pth', key: undefined, group: 'teacher', prefix: 'backbone.' },
    { file: 'dino/checkpoint.pth', key: 'student' as const, group: 'student', prefix: 'module.backbone.' },
    { file: 'dinov2-centering/teacher_checkpoint.pth', key: undefined, group: 'teacher', prefix: 'backbone.' },
    { file: 'dinov2-sinkhorn-separate/teacher_checkpoint.pth', key: 'teacher' as const, group: 'teacher', prefix: 'backbone.' },
  ])('$file gives its $group, and reports the heads', async ({ file, key, group, prefix }) => {
    const source = join(fixtures, 'goldens/train', file)
    const stored = await tensorsOf(source, group)
    const { manifest, weights } = await importModel({ source, modelsFolder: models, checkpointKey: key }, context())
    const backbone = [...stored.keys()].filter((name) => name.startsWith(prefix))
    const written = await readSafetensors(weights.path)
    expect([...written.keys()].sort()).toEqual(backbone.map((name) => name.slice(prefix.length)).sort())
    for (const [name, value] of written) expect(Buffer.compare(bytesOf(value), bytesOf(stored.get(`${prefix}${name}`))), name).toBe(0)
    expect(manifest.provenance.checkpointKey).toBe(group)
    expect([...manifest.provenance.unexpectedKeys].sort()).toEqual([...stored.keys()].filter((name) => !name.startsWith(prefix)).sort())
    expect(manifest.provenance.unexpectedKeys.length).toBeGreaterThan(0)
    expect(manifest.description).toContain(`the ${group} of a training checkpoint`)
  })
})

function bytesOf(value: Tensor | undefined): Buffer {
  return value === undefined ? Buffer.alloc(0) : Buffer.from(value.data.buffer, value.data.byteOffset, value.data.byteLength)
}
