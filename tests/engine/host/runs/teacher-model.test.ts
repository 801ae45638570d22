/** @file The teacher of a run becomes a model like any other, once for each checkpoint. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isRunTeacher, teacherModel } from '../../../../src/engine/host/runs/teacher-model'
import { vitParameters } from '../../../../src/engine/nn'
import { elementCount, type Tensor } from '../../../../src/engine/tensor'
import { createRunFolder, parseRecipe, recipeConfig, recipeSummary, recipeYaml, type RunFolder } from '../../../../src/engine/train'
import { saveCheckpoint } from '../../../../src/engine/train/run'
import { listModelFolders, readSafetensors, verifyModelFolder } from '../../../../src/engine/weights'
import { temporaryFolder } from '../../../helpers/folders'

const recipe = parseRecipe('preset: tiny-smoke\n')
const config = recipeConfig(recipe)
const context = { signal: new AbortController().signal, emit: () => undefined }

const tensorsOf = (value: number): (readonly [string, Tensor])[] => [
  ...vitParameters(config).map(({ name, shape }) => [`backbone.${name}`, { dtype: 'float32', shape, data: new Float32Array(elementCount(shape)).fill(value) }] as const),
  ['head.last_layer.weight_g', { dtype: 'float32', shape: [64, 1], data: new Float32Array(64) }] as const,
]

const save = (run: RunFolder, step: number, best = false): Promise<unknown> => saveCheckpoint(run, { step, tensors: { student: tensorsOf(-step), teacher: tensorsOf(step) }, state: { step } }, { best })

async function fixture(): Promise<{ readonly run: RunFolder; readonly place: { readonly modelsFolder: string } }> {
  const folder = await temporaryFolder()
  const run = await createRunFolder(join(folder, 'runs'), { name: 'Night 1', root: '/photos', init: undefined, summary: recipeSummary(recipe) }, [{ relativePath: 'a.jpg', sizeBytes: 1 }], recipeYaml(recipe))
  return { run, place: { modelsFolder: join(folder, 'models') } }
}

describe('teacherModel', () => {
  it('takes the backbone of the teacher, not of the student, and says where it is from', async () => {
    const { run, place } = await fixture()
    await save(run, 3)
    const model = await teacherModel(run, 'newest', place, context)
    await verifyModelFolder(model)
    const values = new Set([...(await readSafetensors(model.weights.path)).values()].map(({ data }) => Number(data[0])))
    const { id, name, description, trained, provenance } = model.manifest
    expect({ id, name, description, trained, config: model.manifest.config, kind: provenance.kind, source: provenance.source, values: [...values], own: isRunTeacher(model.manifest) }).toEqual({
      id: 'night-1-step-3',
      name: 'Night 1, step 3',
      description: 'The teacher of the run “Night 1” after 3 steps of DINO on 1 pictures, from scratch.',
      trained: true,
      config,
      kind: 'dinoscope',
      source: `run ${run.description.id}, step 3`,
      values: [3],
      own: true,
    })
  })

  it('makes one model for each checkpoint, however often it is asked for', async () => {
    const { run, place } = await fixture()
    await save(run, 3, true)
    await save(run, 6)
    const folders = [await teacherModel(run, 'best', place, context), await teacherModel(run, 'newest', place, context), await teacherModel(run, 'best', place, context)].map(({ manifest }) => manifest.id)
    expect([folders, (await listModelFolders(place.modelsFolder)).models.length]).toEqual([['night-1-step-3', 'night-1-step-6', 'night-1-step-3'], 2])
  })

  it('takes the newest where none is the best', async () => {
    const { run, place } = await fixture()
    await save(run, 3)
    expect((await teacherModel(run, 'best', place, context)).manifest.id).toBe('night-1-step-3')
  })

  it('says that there is no teacher before the first checkpoint', async () => {
    const { run, place } = await fixture()
    await expect(teacherModel(run, 'newest', place, context)).rejects.toMatchObject({ code: 'CHECKPOINT', message: '"Night 1" has no checkpoint yet, so there is no teacher to look with; wait for the first one' })
  })
})
