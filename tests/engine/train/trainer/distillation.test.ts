/** @file A run that distils: from the teacher in its own folder, with heads made of the pictures, resumed to the bit, and never from another teacher. */
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RecipeOverrides } from '../../../../src/engine/train'
import { loadCheckpoint, newestCheckpoint, openRunFolder, teacherFolder, type RunFolder } from '../../../../src/engine/train/run'
import { hashFile, openModelFolder, requireVit, type VitModelFolder } from '../../../../src/engine/weights'
import { smallConfigs, writeSmallModel } from '../../../helpers/small-models'
import { leftBy, makeRun, stopAfter, tinyDistillation, train, writePictures } from './support/training'

let scratch: string
let root: string
let pictures: readonly string[]

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dinoscope-distil-'))
  root = join(scratch, 'photos')
  await mkdir(root)
  pictures = await writePictures(root, 7)
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

/** A teacher with registers, SwiGLU and another width than the student, in half precision. */
async function teacherIn(name: string): Promise<VitModelFolder> {
  const folder = join(scratch, name)
  await mkdir(folder)
  return writeSmallModel(folder, { ...smallConfigs.registers, patchSize: 8 }, 'float16')
}

const recipe = (changes: RecipeOverrides = {}): RecipeOverrides => tinyDistillation({ run: { steps: 16, batch: 2, workers: 0 }, checkpoint: { every_steps: 5, every_minutes: 0 }, ...changes })
/** The teacher as the run keeps it. */
const openVit = async (folder: string): Promise<VitModelFolder> => requireVit(await openModelFolder(folder), 'kept')
const draft = async (name: string, teacher: VitModelFolder, changes: RecipeOverrides = {}): Promise<RunFolder> => makeRun({ folder: scratch, name, root, pictures, recipe: recipe(changes), teacher })

describe('a distillation', () => {
  it('is the same straight and resumed, though the teacher it came with is gone by then', async () => {
    const teacher = await teacherIn('teacher')
    const before = await hashFile(teacher.weights.path)
    const straight = await draft('straight', teacher)
    expect(await train(straight)).toMatchObject({ result: { outcome: 'finished', step: 16 } })
    const expected = await leftBy(straight)
    expect(await hashFile((await openVit(teacherFolder(straight.folder))).weights.path)).toBe(before)

    const stopped = await draft('stopped', teacher)
    expect(await train(stopped, { onEvent: stopAfter(9) })).toMatchObject({ result: { outcome: 'stopped', step: 9 } })
    await rm(teacher.folder, { recursive: true })
    expect(await train(stopped)).toMatchObject({ result: { outcome: 'finished', step: 16 } })
    expect(await leftBy(stopped)).toEqual(expected)

    const { tensors, metrics } = expected
    expect(Object.keys(tensors).filter((name) => name.startsWith('frozen-heads/')).length).toBe(8)
    expect(tensors['student/backbone.norm.weight']).not.toEqual(tensors['teacher/backbone.norm.weight'])
    expect(metrics).toContain('"loss.ibot":')
  })

  it('makes prototypes of standardised tokens of the teacher: the same for a seed, of pictures and patches apart, others for another', async () => {
    const teacher = await teacherIn('another')
    const headsOf = async (name: string, changes: RecipeOverrides = {}): Promise<ReadonlyMap<string, Float32Array>> => {
      const run = await draft(name, teacher, { run: { steps: 1, batch: 2, workers: 0 }, ...changes })
      await train(run)
      const loaded = await loadCheckpoint((await newestCheckpoint(await openRunFolder(run.folder))).checkpoint!)
      const heads = new Map<string, Float32Array>()
      for (const [tensor, source] of loaded.tensors.get('frozen-heads')!) heads.set(tensor, (await source.read()).data as Float32Array)
      await loaded.close()
      return heads
    }
    const heads = await headsOf('seed-3')
    const dim = 32
    for (const which of ['dino_head', 'ibot_head']) {
      const rows = heads.get(`${which}.last_layer.weight_v`)!
      const count = rows.length / dim
      for (let feature = 0; feature < dim; feature++) {
        const values = Array.from({ length: count }, (_, row) => rows[row * dim + feature]!)
        const mean = values.reduce((sum, value) => sum + value, 0) / count
        const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count)
        expect([Math.abs(mean) < 1e-4, Math.abs(deviation - 1) < 1e-3], `${which} ${feature}`).toEqual([true, true])
      }
      // Feature by feature: nothing beside the diagonal, and the mean goes to 0.
      expect(heads.get(`${which}.mlp.weight`)!.every((value, index) => (index % (dim + 1) === 0 ? value > 0 : value === 0))).toBe(true)
      expect(heads.get(`${which}.last_layer.weight_g`)!.every((value) => value === 1)).toBe(true)
    }
    expect(heads.get('dino_head.last_layer.weight_v')).not.toEqual(heads.get('ibot_head.last_layer.weight_v'))
    expect(await headsOf('seed-3-again')).toEqual(heads)
    expect(await headsOf('seed-4', { seed: 4 })).not.toEqual(heads)
  })

  it('goes on from no other teacher, and says which file is wrong', async () => {
    const run = await draft('guarded', await teacherIn('third'))
    await train(run, { onEvent: stopAfter(6) })
    const { weights } = await openVit(teacherFolder(run.folder))
    const handle = await open(weights.path, 'r+')
    const last = [...weights.tensors.values()].at(-1)!.offset
    await handle.write(Buffer.from([1, 2]), 0, 2, last)
    await handle.close()
    expect(await train(run)).toMatchObject({ error: { code: 'CHECKPOINT', message: `${weights.path} is not the teacher that the run began with, "Small model"; put its file back, or begin a new run with the other teacher` } })
    await rm(weights.path)
    expect(await train(run)).toMatchObject({ error: { code: 'CHECKPOINT', message: expect.stringContaining('and the run learns from it') as string } })
    expect(await leftBy(run)).toMatchObject({ step: 6 })
  })

  it('refuses a teacher of other patches before anything is learned', async () => {
    const folder = join(scratch, 'patches')
    await mkdir(folder)
    const run = await draft('patches-run', await writeSmallModel(folder, smallConfigs.dinov2))
    expect(await train(run)).toMatchObject({
      error: { code: 'TRAIN_INIT', message: '"Small model" sees patches of 14 pixels and the student patches of 8; set model.patch_size: 14 with crops that are multiples of it, or choose another teacher' },
    })
  })
})
