/** @file What a run does besides its steps: it looks, saves, pauses, stops, and says so. */
import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { TrainEvent } from '../../../../src/engine/contract'
import { listProbes, type RecipeOverrides } from '../../../../src/engine/train'
import { listCheckpoints, type RunFolder } from '../../../../src/engine/train/run'
import { temporaryFolder, writeFiles } from '../../../helpers/folders'
import { jpegPicture } from '../../../helpers/pictures'
import { leftBy, makeRun, statusOf, stepsLogged, stopAfter, tinyRecipe, train, undisturbed, writePictures, type SessionOptions } from './support/training'

async function draft(recipe: RecipeOverrides, name = 'run'): Promise<RunFolder> {
  const root = await temporaryFolder()
  return makeRun({ folder: await temporaryFolder(), name, root, pictures: await writePictures(root, 6), recipe })
}

/** Pictures in two class folders, which is what k-NN needs. */
async function draftOfClasses(recipe: RecipeOverrides): Promise<readonly RunFolder[]> {
  const pictures = ['red/a.jpg', 'red/b.jpg', 'red/c.jpg', 'green/a.jpg', 'green/b.jpg', 'green/c.jpg']
  const root = await temporaryFolder()
  await writeFiles(root, Object.fromEntries(await Promise.all(pictures.map(async (name, index) => [name, await jpegPicture(30 + 8 * index, 60 - 4 * index)] as const))))
  const folder = await temporaryFolder()
  return Promise.all(['first', 'second'].map((name) => makeRun({ folder, name, root, pictures, recipe })))
}

/** Events as words, without the many of one kind in a row. */
function story(events: readonly TrainEvent[]): readonly string[] {
  const words = events.map((event) => (event.kind === 'phase' ? event.phase : event.kind))
  return words.filter((word, index) => word !== words[index - 1])
}

describe('the course of a run', () => {
  it('looks before, in the middle and at the end, saves, tells of it in order, and leaves a report', async () => {
    const run = await draft(tinyRecipe({ run: { steps: 4 }, checkpoint: { every_steps: 3 }, watch: { probe_every: '50%', probe_pictures: 2, knn_every: '50%' } }))
    const { events, result } = await train(run)
    expect(result).toEqual({ outcome: 'finished', reason: undefined, step: 4 })
    expect(story(events)).toEqual([
      ...['preparing', 'evaluating', 'probe', 'checkpointing', 'checkpoint', 'training', 'step', 'evaluating', 'probe', 'step'],
      ...['training', 'step', 'checkpointing', 'checkpoint', 'training', 'evaluating', 'probe', 'step', 'training', 'checkpointing', 'checkpoint'],
    ])
    expect((await listProbes(run.folder)).map(({ step, pictures }) => [step, pictures.length])).toEqual([[0, 2], [2, 2], [4, 2]])
    expect((await listCheckpoints(run.folder)).map(({ step }) => step)).toEqual([3, 4])
    expect(await statusOf(run)).toMatchObject({ state: 'finished', step: 4, stepsTotal: 4, skippedImages: 0, warnings: [] })
    expect(await readdir(run.folder)).toEqual(expect.arrayContaining(['metrics.jsonl', 'report.html', 'train.log']))
    // Pictures that lie in no class folders are not scored.
    expect((await leftBy(run)).metrics).not.toContain('knn')
  })

  it('scores class folders and keeps the best checkpoint beside the last two', async () => {
    const [run] = await draftOfClasses(tinyRecipe({ run: { steps: 6 }, checkpoint: { every_steps: 1 }, watch: { knn_every: '2 steps', knn_k: 1 } }))
    const { events } = await train(run!)
    const scores = events.flatMap((event) => (event.kind === 'step' && event.metrics.values['knn'] !== undefined ? [[event.metrics.step, event.metrics.values['knn']] as const] : []))
    expect(scores.map(([step]) => step)).toEqual([0, 2, 4, 6])
    const best = Math.max(...scores.map(([, score]) => score))
    const bestStep = scores.find(([, score]) => score === best)?.[0]
    expect((await listCheckpoints(run!.folder)).flatMap((each) => (each.best ? [each.step] : [])).at(-1)).toBe(bestStep)
    expect((await statusOf(run!)).bestKnn).toBe(best)
    expect((await listCheckpoints(run!.folder)).map(({ step }) => step)).toEqual([...new Set([bestStep, 5, 6])].sort())

    // A finished run that is begun again has nothing to do, and takes nothing from the best.
    const before = await listCheckpoints(run!.folder)
    expect((await train(run!)).result).toMatchObject({ outcome: 'finished', step: 6 })
    expect(await listCheckpoints(run!.folder)).toEqual(before)
  })

  it('that is stopped in the middle of a look does it after the resume: nothing is missing from its numbers', async () => {
    const [straight, interrupted] = await draftOfClasses(tinyRecipe({ run: { steps: 6 }, watch: { knn_every: '3 steps', knn_k: 1, probe_every: '3 steps', probe_pictures: 1 } }))
    await train(straight!)
    let evaluations = 0
    const { result } = await train(interrupted!, {
      onEvent: (event, abort) => {
        // Before the first step it scores and probes; the third time is the score after step 3.
        if (event.kind === 'phase' && event.phase === 'evaluating' && ++evaluations === 3) abort('enough')
      },
    })
    expect(result).toEqual({ outcome: 'stopped', reason: 'enough', step: 3 })
    expect(await stepsLogged(interrupted!)).toEqual([0, 1, 2])
    expect((await leftBy(interrupted!)).state['pending']).toMatchObject({ loss: expect.any(Number) as number })
    await train(interrupted!)
    expect(await leftBy(interrupted!)).toEqual(await leftBy(straight!))
    expect((await listProbes(interrupted!.folder)).map(({ step }) => step)).toEqual([0, 3, 6])
  })

  it('pauses between steps and goes on, and a finish-by time ends it also in a pause', async () => {
    const run = await draft(tinyRecipe({ run: { steps: 1000 } }))
    let paused = false
    let finishBy: Date | undefined
    const during: string[] = []
    const options: SessionOptions = {
      control: { paused: () => paused, finishBy: () => finishBy },
      onEvent: (event) => {
        if (event.kind === 'step' && event.metrics.step === 3) {
          paused = true
          setTimeout(() => (paused = false), 100)
        }
        if (event.kind === 'step' && event.metrics.step === 5) {
          paused = true
          finishBy = new Date(Date.now() + 100)
        }
        if (event.kind !== 'checkpoint') during.push(event.kind === 'phase' ? event.phase : String(event.kind === 'step' ? event.metrics.step : event.kind))
      },
    }
    const { result } = await train(run, options)
    expect(result).toEqual({ outcome: 'stopped', reason: `it was to finish by ${finishBy?.toISOString() ?? ''}`, step: 5 })
    expect(during.slice(during.indexOf('3'))).toEqual(['3', 'paused', 'training', '4', '5', 'paused', 'stopping', 'checkpointing'])
    expect(await statusOf(run)).toMatchObject({ state: 'stopped', step: 5 })
    expect(await leftBy(run)).toMatchObject({ step: 5 })
  })

  it('stopped in the middle of a step of several batches has applied nothing of it', async () => {
    const recipe = tinyRecipe({ run: { steps: 8, accumulate: 3, batch: 2, workers: 0 } })
    const folder = await temporaryFolder()
    const root = await temporaryFolder()
    const pictures = await writePictures(root, 6)
    const [whole, cut] = [await makeRun({ folder, name: 'whole', root, pictures, recipe }), await makeRun({ folder, name: 'cut', root, pictures, recipe })]
    await train(whole)
    // The stop comes when the loop turns after step 4 was begun, so between two of its batches.
    const { result } = await train(cut, { onEvent: (event, abort) => { if (event.kind === 'step' && event.metrics.step === 3) setImmediate(() => setImmediate(() => { abort('enough') })) } })
    expect(result).toMatchObject({ outcome: 'stopped' })
    await train(cut)
    expect(await leftBy(cut)).toEqual(await leftBy(whole))
  })

  it('is one at a time', async () => {
    const run = await draft(tinyRecipe({ run: { steps: 1000 } }))
    let second: ReturnType<typeof train> | undefined
    const { result } = await train(run, {
      onEvent: (event, abort) => {
        if (event.kind !== 'step') return
        second ??= train(run).finally(() => { abort('enough') })
      },
    })
    expect([result?.outcome, (await second)?.error?.code, (await statusOf(run)).state]).toEqual(['stopped', 'BUSY', 'stopped'])
  })

  it('goes on with the batch it has found', async () => {
    const run = await draft(tinyRecipe({ run: { steps: 6, batch: 'auto' } }))
    expect(await train(run, { onEvent: stopAfter(3) })).toMatchObject({ result: { outcome: 'stopped', step: 3 } })
    const { batch } = (await leftBy(run)).state
    const { result, events } = await train(run)
    expect({ result, batch, notes: events.filter((event) => event.kind === 'phase' && event.phase === 'preparing').length }).toEqual({ result: { outcome: 'finished', reason: undefined, step: 6 }, batch: 6, notes: 1 })
    expect((await leftBy(run)).state['batch']).toBe(6)
  })

  it('is stopped before it begins without a word of failure', async () => {
    const run = await draft(tinyRecipe({ run: { batch: 'auto' } }))
    const { result } = await train(run, { control: undisturbed, onEvent: (_event, abort) => { abort('never mind') } })
    expect([result, (await statusOf(run)).state]).toEqual([{ outcome: 'stopped', reason: 'never mind', step: 0 }, 'stopped'])
    expect((await train(run)).result?.outcome).toBe('finished')
  })
})
