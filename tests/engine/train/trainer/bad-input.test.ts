/** @file Pictures, checkpoints and models that are not what a run needs: said in words, nothing lost, never begun anew in silence. */
import { appendFile, cp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RecipeOverrides } from '../../../../src/engine/train'
import { tensor } from '../../../../src/engine/tensor'
import { listCheckpoints, readRunImages, saveCheckpoint, type RunFolder } from '../../../../src/engine/train/run'
import { temporaryFolder } from '../../../helpers/folders'
import { jpegPicture } from '../../../helpers/pictures'
import { smallConfigs, writeSmallModel } from '../../../helpers/small-models'
import { leftBy, makeRun, statusOf, stopAfter, tinyRecipe, train, writePictures } from './support/training'

async function draft(files: Readonly<Record<string, Buffer | string>> | number, recipe: RecipeOverrides = tinyRecipe({ run: { steps: 6 }, checkpoint: { every_steps: 2 } })): Promise<RunFolder & { readonly root: string }> {
  const root = await temporaryFolder()
  const pictures = typeof files === 'number' ? await writePictures(root, files) : Object.keys(files)
  if (typeof files !== 'number') for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content)
  return { ...(await makeRun({ folder: await temporaryFolder(), name: 'run', root, pictures, recipe })), root }
}

describe('a run over', () => {
  it.each([
    ['no pictures', 0, 'there are no pictures to train on in ROOT'],
    ['one picture', 1, 'there is only one picture in ROOT (0.jpg); training needs at least two'],
    ['broken pictures alone', { 'a.jpg': 'text', 'b.jpg': 'text' }, /^none of the 2 pictures in ROOT can be read; [ab]\.jpg: /],
  ])('%s says so', async (_title, files, message) => {
    const run = await draft(files)
    const { error } = await train(run)
    const said = error?.message.replaceAll(run.root, 'ROOT')
    expect(error?.code).toBe('TRAIN_IMAGES')
    if (typeof message === 'string') expect(said).toBe(message)
    else expect(said).toMatch(message)
    expect(await statusOf(run)).toMatchObject({ state: 'failed', reason: error?.message })
  })

  it('some broken and some very small pictures leaves out the broken ones, once each, also when it is resumed', async () => {
    const run = await draft({ 'a.jpg': await jpegPicture(40, 40), 'dot.jpg': await jpegPicture(3, 2), 'b.jpg': 'text', 'c.jpg': await jpegPicture(9, 200), 'd.jpg': '' })
    const first = await train(run, { onEvent: stopAfter(3) })
    expect(first.result?.outcome).toBe('stopped')
    const { result, events } = await train(run)
    expect(result).toMatchObject({ outcome: 'finished', step: 6 })
    const told = [first.events, events].map((session) => session.flatMap((event) => (event.kind === 'skipped' ? [event.problem.relativePath] : [])).sort())
    expect([told[0], (await statusOf(run)).skippedImages]).toEqual([['b.jpg', 'd.jpg'], 2])
    expect(events.some((event) => event.kind === 'warning' && event.warning.code === 'images-skipped')).toBe(true)
  })

  it('a folder that goes away stops, and goes on when it is back as if nothing had been', async () => {
    const recipe = tinyRecipe({ run: { steps: 120, cache_gb: 0 }, checkpoint: { every_steps: 50 } })
    const run = await draft(5, recipe)
    const away = `${run.root}-away`
    let moved: Promise<void> | undefined
    const { result } = await train(run, { onEvent: (event) => { if (event.kind === 'step' && event.metrics.step === 20) moved = rename(run.root, away) } })
    await moved
    expect(result).toMatchObject({ outcome: 'stopped', reason: `${run.root}: the folder with the training pictures can no longer be read; put it back and resume the run` })
    expect((await leftBy(run)).step).toBe(result?.step)
    const still = await train(run)
    expect(still).toMatchObject({ result: { outcome: 'stopped', step: result?.step, reason: expect.stringContaining('put it back') as string } })
    await rename(away, run.root)
    expect(await train(run)).toMatchObject({ result: { outcome: 'finished', step: 120 } })

    const other = await makeRun({ folder: await temporaryFolder(), name: 'straight', root: run.root, pictures: (await readRunImages(run)).map(({ relativePath }) => relativePath), recipe })
    await train(other)
    expect(await leftBy(run)).toEqual(await leftBy(other))
  })
})

describe('a run whose', () => {
  it('newest checkpoint is damaged goes on from the one before, and says so', async () => {
    const run = await draft(4)
    await train(run)
    const expected = await leftBy(run)
    const newest = (await listCheckpoints(run.folder)).at(-1)!
    const bytes = await readFile(join(newest.folder, 'teacher.safetensors'))
    bytes[bytes.length - 7]! ^= 1
    await writeFile(join(newest.folder, 'teacher.safetensors'), bytes)
    const { events, result } = await train(run)
    expect(result).toMatchObject({ outcome: 'finished', step: 6 })
    expect(events.flatMap((event) => (event.kind === 'phase' && event.phase === 'preparing' ? [event.note] : []))).toEqual(['opening the run', expect.stringMatching(/^the checkpoint of step 6 was refused: .*; going on from that of step 4$/)])
    expect(await leftBy(run)).toEqual(expected)
  })

  it('checkpoints are all damaged does not begin anew', async () => {
    const run = await draft(4)
    await train(run)
    for (const { folder } of await listCheckpoints(run.folder)) await writeFile(join(folder, 'student.safetensors'), '')
    expect(await train(run)).toMatchObject({ error: { code: 'CHECKPOINT', message: expect.stringContaining('Nothing was changed') as string } })
    expect((await statusOf(run)).state).toBe('failed')
  })

  it('checkpoint is of another run refuses it', async () => {
    const [run, wide] = [await draft(4), await draft(4, tinyRecipe({ seed: 9, run: { steps: 6 } }))]
    await train(run)
    await train(wide)
    await rm(join(run.folder, 'checkpoints'), { recursive: true })
    await cp(join(wide.folder, 'checkpoints'), join(run.folder, 'checkpoints'), { recursive: true })
    expect(await train(run)).toMatchObject({ error: { code: 'CHECKPOINT', message: expect.stringContaining('another') as string } })
  })

  it('checkpoint holds another architecture names what does not fit', async () => {
    const run = await draft(4)
    await saveCheckpoint(run, { step: 3, tensors: { student: [['backbone.cls_token', tensor('float32', [1, 1, 32], new Float32Array(32))]] }, state: { batch: 2, updates: {}, ringWritten: 0, guard: {}, skippedSteps: [], rollbacks: 0, trainedMs: 0 } })
    expect(await train(run)).toMatchObject({ error: { code: 'CHECKPOINT', message: expect.stringMatching(/^The checkpoint of step 3 in .* is of another architecture than the recipe: student has backbone\.cls_token of shape .*; and \d+ more$/) as string } })
    expect((await listCheckpoints(run.folder)).map(({ step }) => step)).toEqual([3])
  })

  it('recipe was edited says that a run goes on as it began', async () => {
    const run = await draft(4)
    await train(run, { onEvent: stopAfter(2) })
    await appendFile(join(run.folder, 'recipe.yaml'), '\n# faster\n')
    expect(await train(run)).toMatchObject({ error: { code: 'CHECKPOINT', message: expect.stringContaining('has changed since the run began') as string } })
    expect((await listCheckpoints(run.folder)).at(-1)?.step).toBe(2)
  })

  it('first weights are of another architecture names what does not fit', async () => {
    const folder = await temporaryFolder()
    await writeSmallModel(folder, smallConfigs.dino)
    const root = await temporaryFolder()
    const init = { name: 'Other', folder, sha256: '0'.repeat(64) }
    const run = await makeRun({ folder: await temporaryFolder(), name: 'run', root, pictures: await writePictures(root, 3), recipe: tinyRecipe(), init })
    expect(await train(run)).toMatchObject({ error: { code: 'TRAIN_INIT', message: expect.stringMatching(/is of another architecture than the recipe: cls_token is .*, the recipe needs .*; and \d+ more$/) as string } })
  })
})
