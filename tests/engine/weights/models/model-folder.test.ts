import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  importModel,
  listModelFolders,
  openModelFolder,
  removeModelFolder,
  requireVit,
  removeUnfinished,
  resolveModel,
  verifyModelFolder,
  type VitModelFolder,
  type ModelManifest,
} from '../../../../src/engine/weights'
import { nameOfSource } from '../../../../src/engine/weights/models/model-source'
import { isModelId, slugOf } from '../../../../src/engine/weights/models/slug'
import { context, errorOf, put, randomWeights, temporaryFolder, tinyConfig, tinyConfigFile } from '../support/files'
import { torchZip } from '../support/torch-writer'

const folder = temporaryFolder()
let model: VitModelFolder
let copies = 0

beforeAll(async () => {
  const source = join(folder, 'source')
  mkdirSync(source)
  put(source, 'weights.pth', torchZip(randomWeights(tinyConfig)))
  put(source, 'config.json', tinyConfigFile)
  model = await importModel({ source, modelsFolder: join(folder, 'models'), name: 'Tiny' }, context())
})

/** A copy of the model that may be damaged. */
function copy(parent = join(folder, 'copies')): string {
  const target = join(parent, `copy-${++copies}`)
  cpSync(model.folder, target, { recursive: true })
  return target
}

function change(target: string, edit: (manifest: ModelManifest) => unknown): void {
  const path = join(target, 'model.json')
  writeFileSync(path, JSON.stringify(edit(JSON.parse(readFileSync(path, 'utf8')) as ModelManifest)))
}

describe('opening a model folder', () => {
  test('gives the manifest, and where each weight lies', async () => {
    const opened = requireVit(await openModelFolder(model.folder), 'opened here')
    expect(opened).toEqual(model)
    const file = readFileSync(opened.weights.path)
    const location = opened.weights.tensors.get('norm.bias')
    const [offset, length] = [location?.offset ?? 0, location?.byteLength ?? 0]
    const expected = randomWeights(tinyConfig).get('norm.bias')?.data as Float32Array
    expect(new Float32Array(file.buffer.slice(file.byteOffset + offset, file.byteOffset + offset + length))).toEqual(expected)
  })

  test.each<[string, (target: string) => void]>([
    ['a description that is not JSON', (target) => writeFileSync(join(target, 'model.json'), '{')],
    [
      'another schema',
      (target) => {
        change(target, (manifest) => ({ ...manifest, schema: 2 }))
      },
    ],
    [
      'another weights file',
      (target) => {
        change(target, (manifest) => ({ ...manifest, weights: { ...manifest.weights, file: '../other.safetensors' } }))
      },
    ],
    [
      'another number of bytes',
      (target) => {
        change(target, (manifest) => ({ ...manifest, weights: { ...manifest.weights, bytes: 1 } }))
      },
    ],
    [
      'another number of parameters',
      (target) => {
        change(target, (manifest) => ({ ...manifest, parameters: 1 }))
      },
    ],
    [
      'one block more',
      (target) => {
        change(target, (manifest) => ({ ...manifest, config: { ...manifest.config, depth: 3 } }))
      },
    ],
    [
      'one block less',
      (target) => {
        change(target, (manifest) => ({ ...manifest, config: { ...manifest.config, depth: 1 } }))
      },
    ],
    [
      'another patch size',
      (target) => {
        change(target, (manifest) => ({ ...manifest, config: { ...manifest.config, patchSize: 4 } }))
      },
    ],
    [
      'heads that do not divide the channels',
      (target) => {
        change(target, (manifest) => ({ ...manifest, config: { ...manifest.config, heads: 5 } }))
      },
    ],
    [
      'an absurd depth',
      (target) => {
        change(target, (manifest) => ({ ...manifest, config: { ...manifest.config, depth: 1e9 } }))
      },
    ],
  ])('refuses %s as damage', async (_what, damage) => {
    const target = copy()
    damage(target)
    expect(await errorOf(openModelFolder(target))).toMatchObject({ code: 'MODEL_DAMAGED' })
  })

  test('refuses weights that are cut off, go on, or are gone', async () => {
    const weights = readFileSync(model.weights.path)
    const target = copy()
    const path = join(target, 'model.safetensors')
    writeFileSync(path, weights.subarray(0, -4))
    expect(await errorOf(openModelFolder(target))).toMatchObject({ code: 'MODEL_TENSOR' })
    writeFileSync(path, Buffer.concat([weights, Buffer.alloc(4)]))
    expect(await errorOf(openModelFolder(target))).toMatchObject({ code: 'MODEL_TENSOR' })
    rmSync(path)
    expect(await errorOf(openModelFolder(target))).toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
  })

  test('refuses a folder that is none', async () => {
    expect(await errorOf(openModelFolder(join(folder, 'nowhere')))).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('leaves a changed weight to be found by the hash, which importing checks', async () => {
    const target = copy()
    const path = join(target, 'model.safetensors')
    const weights = readFileSync(path)
    weights.writeUInt8(weights.readUInt8(weights.length - 1) ^ 1, weights.length - 1)
    writeFileSync(path, weights)
    const opened = await openModelFolder(target)
    expect(await errorOf(verifyModelFolder(opened))).toMatchObject({ code: 'MODEL_DAMAGED' })
    expect(await errorOf(importModel({ source: target, modelsFolder: join(folder, 'never') }, context()))).toMatchObject({ code: 'MODEL_DAMAGED' })
    await expect(verifyModelFolder(model)).resolves.toBeUndefined()
  })
})

describe('a folder of models', () => {
  const models = join(folder, 'listed')

  test('is listed by name, with the reason for what cannot be opened', async () => {
    expect(await listModelFolders(models)).toEqual({ models: [], problems: [] })
    const [b, a, broken] = [copy(models), copy(models), copy(models)]
    change(a, (manifest) => ({ ...manifest, name: 'A' }))
    change(b, (manifest) => ({ ...manifest, name: 'B' }))
    rmSync(join(broken, 'model.json'))
    mkdirSync(join(models, '.unfinished.1234.dinoscope-partial'))
    put(models, 'notes.txt', 'not a model')
    const listing = await listModelFolders(models)
    expect(listing.models.map((found) => found.folder)).toEqual([a, b])
    expect(listing.problems).toEqual([
      { relativePath: broken.slice(models.length + 1), code: 'NOT_FOUND', reason: expect.stringContaining('model.json') as string },
    ])
  })

  test('loses what interrupted imports left, but not what another instance may still be writing', async () => {
    const partials = (): string[] => readdirSync(models).filter((name) => name.includes('partial'))
    const before = partials()
    expect(before.length).toBeGreaterThan(0)
    await removeUnfinished(models)
    expect(partials()).toEqual(before)
    await removeUnfinished(models, 0)
    expect(readdirSync(models).filter((name) => name.includes('partial'))).toEqual([])
    expect((await listModelFolders(models)).models.length).toBe(2)
    await expect(removeUnfinished(join(folder, 'nowhere'))).resolves.toBeUndefined()
  })

  test('loses a model that is removed by its id, and nothing else by any other text', async () => {
    const target = copy(models)
    put(folder, 'canary', 'alive')
    for (const id of ['', '.', '..', '../canary', '../source', target, 'no-such-model'])
      expect(await errorOf(removeModelFolder(models, id))).toMatchObject({ code: 'NOT_FOUND' })
    const before = readdirSync(models).length
    await removeModelFolder(models, target.slice(models.length + 1))
    expect(readdirSync(models).length).toBe(before - 1)
    expect(existsSync(join(folder, 'canary'))).toBe(true)
    expect(existsSync(target)).toBe(false)
  })
})

describe('a model is found', () => {
  const places = { bundledFolder: join(folder, 'bundled'), modelsFolder: join(folder, 'models'), cacheFolder: join(folder, 'cache') }
  const source = join(folder, 'source')

  test('by its id, by its name, and by the path of its folder', async () => {
    cpSync(model.folder, join(places.bundledFolder, 'demo'), { recursive: true })
    expect((await resolveModel('demo', places, context())).folder).toBe(join(places.bundledFolder, 'demo'))
    expect((await resolveModel('tiny', places, context())).folder).toBe(model.folder)
    change(join(places.bundledFolder, 'demo'), (manifest) => ({ ...manifest, name: 'Untrained demo' }))
    expect((await resolveModel('Untrained demo', places, context())).folder).toBe(join(places.bundledFolder, 'demo'))
    expect((await resolveModel(model.folder, places, context())).folder).toBe(model.folder)
  })

  test('by the path of a file, which is imported once for its content', async () => {
    const first = await resolveModel(join(source, 'weights.pth'), places, context())
    expect(first.manifest).toMatchObject({ name: 'source', config: tinyConfig })
    cpSync(source, join(folder, 'elsewhere'), { recursive: true })
    const again = context()
    expect((await resolveModel(join(folder, 'elsewhere'), places, again)).folder).toBe(first.folder)
    expect(again.events).toEqual([])
    expect(readdirSync(places.cacheFolder).length).toBe(1)
  })

  test('anew when the content or the config beside it has changed, or the cache is damaged', async () => {
    const other = join(folder, 'other')
    cpSync(source, other, { recursive: true })
    const first = await resolveModel(other, places, context())
    put(other, 'config.json', JSON.stringify({ num_heads: 6 }))
    const second = requireVit(await resolveModel(other, places, context()), 'resolved here')
    expect(second.manifest.config.heads).toBe(6)
    expect(second.folder).not.toBe(first.folder)
    writeFileSync(second.weights.path, 'damaged')
    const healed = requireVit(await resolveModel(other, places, context()), 'resolved here')
    expect(healed.weights).toEqual(second.weights)
  })

  test('twice at once, and imported into one place', async () => {
    const both = await Promise.all([1, 2].map(() => resolveModel(source, { ...places, cacheFolder: join(folder, 'cache2') }, context())))
    expect(new Set(both.map((found) => found.folder)).size).toBe(1)
    expect(readdirSync(join(folder, 'cache2')).length).toBe(1)
  })

  test('or else the known ones are named', async () => {
    const { code, message, detail } = await errorOf(resolveModel('no-such-model', places, context()))
    expect(code).toBe('NOT_FOUND')
    expect(detail).toEqual({ name: 'no-such-model', known: ['demo', 'tiny'] })
    expect(message).toContain('demo, tiny')
  })
})

describe('ids and names', () => {
  test.each([
    ['dinov2_vits14_pretrain', 'dinov2-vits14-pretrain'],
    ['  ViT-S/14 · 4 registers  ', 'vit-s-14-4-registers'],
    ['Größe', 'gro-e'],
    ['../../evil', 'evil'],
    ['模型', 'model'],
    ['', 'model'],
    ['CON', 'model-con'],
    ['x'.repeat(300), 'x'.repeat(48)],
    [`${'x'.repeat(47)} y`, 'x'.repeat(47)],
  ])('%j becomes %j', (name, slug) => {
    expect(slugOf(name)).toBe(slug)
    expect(isModelId(slug)).toBe(true)
  })

  test.each([
    ['/models/dinov2_vits14_pretrain.pth', 'dinov2_vits14_pretrain'],
    ['/models/my run/checkpoint.pth', 'my run'],
    ['/models/dinov2-small/model.safetensors', 'dinov2-small'],
    ['/models/dinov2-small', 'dinov2-small'],
    ['/cache/models--facebook--dino-vits16/snapshots/abc/pytorch_model.bin', 'dino-vits16'],
    ['C:\\models\\vits.v2\\weights.pth', 'vits.v2'],
  ])('a model from %s is called %s', (path, name) => {
    expect(nameOfSource(path)).toBe(name)
  })
})
