/** @file From a person's choice to a run's folder: enough pictures, weights that fit, the whole recipe. */
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { isEngineError } from '../../../../src/engine/contract'
import { planRun, type RunWishes } from '../../../../src/engine/host/runs/plan-run'
import type { WeightSources } from '../../../../src/engine/host/runs/initial-weights'
import type { VitConfig } from '../../../../src/engine/nn'
import { parseRecipe, recipeConfig, type Recipe } from '../../../../src/engine/train'
import type { ModelFolder } from '../../../../src/engine/weights'

const recipe = parseRecipe('preset: tiny-smoke\ninit: auto\n')
const images = ['a.jpg', 'b.jpg'].map((relativePath) => ({ path: join('/photos', relativePath), relativePath, sizeBytes: 1 }))

function model(id: string, config: VitConfig, { trained = true, source = 'model.pth' } = {}): ModelFolder {
  return { folder: `/models/${id}`, manifest: { id, name: `Model ${id}`, config, trained, weights: { sha256: 'f'.repeat(64) }, provenance: { source } } } as unknown as ModelFolder
}

let fitting: VitConfig
beforeAll(() => {
  fitting = recipeConfig(recipe)
})

function sources(...models: ModelFolder[]): WeightSources {
  return {
    models: () => Promise.resolve(models),
    find: (id) => Promise.resolve(models.find(({ manifest }) => manifest.id === id) ?? model(id, fitting)),
    teacherOf: (run) => Promise.resolve(models.find(({ manifest }) => manifest.id === `teacher-of-${run}`) ?? model(`teacher-of-${run}`, fitting)),
  }
}

const wishes = (changes: Partial<RunWishes> = {}): RunWishes => ({ name: 'Night 1', root: '/photos', images, recipe, init: 'auto', ...changes })
const initOf = async (changes: Partial<RunWishes>, ...models: ModelFolder[]): Promise<string | undefined> => (await planRun(wishes(changes), sources(...models))).init?.manifest.id

describe('planRun', () => {
  it('gives a folder all it needs, and tells how many steps there will be', async () => {
    const { draft, yaml, init } = await planRun(wishes({ init: 'm1' }), sources())
    expect({ draft, again: parseRecipe(yaml), init: init?.folder }).toEqual({
      draft: { name: 'Night 1', root: '/photos', init: { name: 'Model m1', folder: '/models/m1', sha256: 'f'.repeat(64) }, summary: expect.objectContaining({ method: recipe.method, patchSize: 8 }), stepsTotal: expect.any(Number) },
      again: recipe,
      init: '/models/m1',
    })
  })

  it.each([
    [0, 'There are no pictures to train on in /photos; training needs at least two, and teaches something from some thousands on'],
    [1, '"a.jpg" is the only picture to train on in /photos; training needs at least two, and teaches something from some thousands on'],
  ])('refuses %d pictures in plain words', async (count, message) => {
    await expect(planRun(wishes({ images: images.slice(0, count) }), sources())).rejects.toMatchObject({ code: 'TRAIN_IMAGES', message })
  })
})

describe('the weights a run begins with', () => {
  it('are the first trained ones that fit, where nothing is said', async () => {
    const [other, untrained, own] = [model('other', { ...fitting, dim: 2 * fitting.dim }), model('untrained', fitting, { trained: false }), model('own', fitting, { source: 'run night-1-20261125-aabbcc, step 400' })]
    expect([await initOf({}, other, untrained, own, model('pretrained', fitting), model('second', fitting)), await initOf({}, other, untrained, own)]).toEqual(['pretrained', undefined])
  })

  it('are none from scratch, whether the plan or the recipe says so', async () => {
    const scratch: Recipe = { ...recipe, init: 'scratch' }
    const pretrained = model('pretrained', fitting)
    const planned = await planRun(wishes({ init: 'scratch' }), sources(pretrained))
    expect([await initOf({ init: 'scratch' }, pretrained), await initOf({ recipe: scratch }, pretrained), await initOf({ recipe: scratch, init: 'pretrained' }, pretrained), parseRecipe(planned.yaml).init]).toEqual([undefined, undefined, 'pretrained', 'scratch'])
  })

  it('are the teacher of a run that is named', async () => {
    expect(await initOf({ init: 'run:night-1' })).toBe('teacher-of-night-1')
  })

  it('have to fit, and it is said what does not and what to change', async () => {
    const wider = model('wider', { ...fitting, patchSize: 16, positionGrid: fitting.positionGrid / 2 })
    const error: unknown = await planRun(wishes({ init: 'wider' }), sources(wider)).catch((caught: unknown) => caught)
    if (!isEngineError(error, 'TRAIN_INIT')) throw error
    expect(error.message).toMatch(/^The recipe trains a ViT-.*\/8, but "Model wider" is a ViT-.*\/16: patch size 8, the model has 16; position grid \d+, the model has \d+\. To continue from it, set model\.patch_size: 16, model\.image_size: \d+ in the recipe, or begin from scratch\.$/)
    expect(error.detail?.['changes']).toEqual(['model.patch_size: 16', expect.stringContaining('model.image_size')])
  })
})
