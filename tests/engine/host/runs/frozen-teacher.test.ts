/** @file Which model a distillation learns from, what the recipe takes over from it, and when there is none. */
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { taughtRecipe, type TaughtRecipe } from '../../../../src/engine/host/runs/frozen-teacher'
import type { WeightSources } from '../../../../src/engine/host/runs/initial-weights'
import { teacherModel } from '../../../../src/engine/host/runs/teacher-model'
import { dinoHeadParameters, vitParameters, type VitConfig } from '../../../../src/engine/nn'
import { elementCount, type Tensor } from '../../../../src/engine/tensor'
import { createRunFolder, headsFile, ownHeads, parseRecipe, recipeConfig, recipeSummary, recipeYaml, type Recipe, type RecipeOverrides, type RunFolder } from '../../../../src/engine/train'
import { saveCheckpoint } from '../../../../src/engine/train/run'
import { defaultPreprocessing, hashFile, readSafetensors, type ModelFolder } from '../../../../src/engine/weights'
import { temporaryFolder } from '../../../helpers/folders'

/** 12 × 2 at patches of 8: 13,000 parameters or so. */
const small: RecipeOverrides = {
  init: 'scratch',
  model: { arch: 'custom', dim: 12, depth: 2, heads: 2, patch_size: 8, image_size: 32, layerscale: 0, drop_path_rate: 0 },
  crops: { global_crops_size: 32, local_crops_size: 16 },
}
const recipe = (model = 'auto'): Recipe => parseRecipe('method: distill\n', { ...small, teacher: { model } })

interface Asked {
  readonly what: string
  readonly heads: string | undefined
}

let base: VitConfig
const nowhere = join('/', 'no', 'models')
beforeAll(() => {
  base = recipeConfig(recipe())
})

function model(id: string, parameters: number, changes: Partial<VitConfig> = {}, { trained = true, source = 'model.pth', mean = defaultPreprocessing.mean, folder = join(nowhere, id) } = {}): ModelFolder {
  const manifest = { id, name: `Model ${id}`, config: { ...base, ...changes }, trained, parameters, preprocessing: { ...defaultPreprocessing, mean }, weights: { sha256: 'f'.repeat(64) }, provenance: { source } }
  return { folder, manifest } as unknown as ModelFolder
}

function sources(models: readonly ModelFolder[], asked: Asked[] = []): WeightSources {
  const byId = (id: string): Promise<ModelFolder> => Promise.resolve(models.find(({ manifest }) => manifest.id === id)!)
  return {
    models: () => Promise.resolve(models),
    find: (what, heads) => (asked.push({ what, heads }), byId(what)),
    teacherOf: (what, heads) => (asked.push({ what: `run ${what}`, heads }), byId(what)),
  }
}

const taught = (wish: string, ...models: ModelFolder[]): Promise<TaughtRecipe | undefined> => taughtRecipe(recipe(wish), sources(models))

describe('the teacher of a distillation', () => {
  it('is none of another method', async () => {
    expect(await taughtRecipe(parseRecipe('preset: tiny-smoke\n'), sources([model('large', 1e6)]))).toBeUndefined()
  })

  it('is by itself the smallest trained model that is larger and fits, and is written down by name', async () => {
    const models = [
      model('huge', 9e6),
      model('large', 1e6, { dim: 48, registers: 4 }),
      model('smaller', 1000),
      model('untrained', 5e5, {}, { trained: false }),
      model('own', 5e5, {}, { source: 'run night-1-20261125-aabbcc, step 400' }),
      model('patches', 5e5, { patchSize: 14 }),
      model('colours', 5e5, {}, { mean: [0.5, 0.5, 0.5] }),
    ]
    const found = await taught('auto', ...models)
    expect([found?.model.manifest.id, found?.recipe.teacher.model, found?.teacher]).toEqual(['large', 'large', { name: 'Model large', sha256: 'f'.repeat(64), folder: join(nowhere, 'large') }])
    expect(found?.recipe.dino.head_n_prototypes).toBe(4096)
    await expect(taught('auto', models[2]!, models[3]!)).rejects.toMatchObject({ code: 'TRAIN_INIT', message: expect.stringMatching(/^There is no trained model to learn from that is larger than the student, ViT-12×2\/8, and sees patches of 8 pixels\./) as string })
  })

  it('may be smaller or a run where it is named, and is asked for with its heads', async () => {
    const asked: Asked[] = []
    const found = sources([model('smaller', 10), model('night', 20)], asked)
    expect([(await taughtRecipe(recipe('smaller'), found))?.model.manifest.id, (await taughtRecipe(recipe('run:night'), found))?.recipe.teacher.model]).toEqual(['smaller', 'run:night'])
    expect(asked).toEqual([{ what: 'smaller', heads: 'with heads' }, { what: 'run night', heads: 'with heads' }])
  })

  it.each([
    ['patches', { patchSize: 14 }, {}, /^"Model patches" sees patches of 14 pixels and the student patches of 8; set model\.patch_size: 14 /],
    ['colours', {}, { mean: [0.5, 0.5, 0.5] as const }, /^"Model colours" expects colours in another range \(mean 0\.5, 0\.5, 0\.5, deviation /],
  ])('has to see what the student sees: %s', async (id, config, rest, message) => {
    await expect(taught(id, model(id, 1e6, config, rest))).rejects.toMatchObject({ code: 'TRAIN_INIT', message: expect.stringMatching(message) as string })
  })
})

describe('the heads of a run that teaches', () => {
  const context = { signal: new AbortController().signal, emit: () => undefined }
  const head = (name: string, prototypes: number, value: number): (readonly [string, Tensor])[] =>
    dinoHeadParameters({ inputDim: 12, hidden: 8, bottleneck: 6, prototypes, layers: 3 }).map((parameter) => [`${name}.${parameter.name}`, { dtype: 'float32', shape: parameter.shape, data: new Float32Array(elementCount(parameter.shape)).fill(value) }])

  async function runOf(method: 'dino' | 'dinov2', changes: RecipeOverrides, heads: readonly (readonly [string, Tensor])[]): Promise<{ readonly run: RunFolder; readonly folder: string }> {
    const folder = await temporaryFolder()
    const trained = parseRecipe(`method: ${method}\n`, { ...small, ...changes })
    const run = await createRunFolder(join(folder, 'runs'), { name: 'Night 1', root: '/photos', init: undefined, summary: recipeSummary(trained) }, [{ relativePath: 'a.jpg', sizeBytes: 1 }], recipeYaml(trained))
    const backbone = vitParameters(recipeConfig(trained)).map(({ name, shape }) => [`backbone.${name}`, { dtype: 'float32', shape, data: new Float32Array(elementCount(shape)) }] as const)
    await saveCheckpoint(run, { step: 3, tensors: { student: backbone, teacher: [...backbone, ...heads] }, state: {} })
    return { run, folder }
  }

  it('lie beside its weights, and the recipe takes their prototypes over', async () => {
    const { run, folder } = await runOf('dinov2', { ibot: { separate_head: true } }, [...head('dino_head', 64, 1), ...head('ibot_head', 32, 2)])
    const without = await teacherModel(run, 'newest', { modelsFolder: join(folder, 'models') }, context)
    expect(await ownHeads(without.folder)).toEqual({})
    const found = await teacherModel(run, 'newest', { modelsFolder: join(folder, 'models') }, context, 'with heads')
    expect([found.folder, await ownHeads(found.folder)]).toEqual([
      without.folder,
      { dino_head: { inputDim: 12, hidden: 8, bottleneck: 6, prototypes: 64, layers: 3 }, ibot_head: { inputDim: 12, hidden: 8, bottleneck: 6, prototypes: 32, layers: 3 } },
    ])
    const learned = await taughtRecipe(recipe('run:night'), sources([{ ...found, manifest: { ...found.manifest, id: 'night' } }]))
    expect([learned?.recipe.dino.head_n_prototypes, learned?.recipe.ibot.head_n_prototypes, learned?.teacher.headsSha256]).toEqual([64, 32, await hashFile(join(found.folder, headsFile))])
  })

  it('are the same one twice where it was shared, and one where patches were never learned', async () => {
    const shared = await runOf('dinov2', {}, head('dino_head', 64, 3))
    const pictures = await runOf('dino', {}, head('head', 64, 4))
    const namesAnd = async ({ run, folder }: Awaited<ReturnType<typeof runOf>>): Promise<ReadonlyMap<string, number>> => {
      const { folder: place } = await teacherModel(run, 'newest', { modelsFolder: join(folder, 'models') }, context, 'with heads')
      const copy = join(folder, 'copy')
      await mkdir(copy)
      await copyFile(join(place, headsFile), join(copy, headsFile))
      return new Map([...(await readSafetensors(join(copy, headsFile)))].filter(([name]) => name.endsWith('weight_v')).map(([name, { data }]) => [name, Number(data[0])]))
    }
    expect([...(await namesAnd(shared))]).toEqual([['dino_head.last_layer.weight_v', 3], ['ibot_head.last_layer.weight_v', 3]])
    expect([...(await namesAnd(pictures))]).toEqual([['dino_head.last_layer.weight_v', 4]])
  })
})
