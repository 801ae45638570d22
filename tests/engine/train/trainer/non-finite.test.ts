/** @file Numbers that are none: caught before anything has learned from them, gone back from, passed over, and given up in the end. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { RecipeOverrides } from '../../../../src/engine/train'
import { listCheckpoints, type RunFolder } from '../../../../src/engine/train/run'
import type { StepFeeds } from '../../../../src/engine/train/step'
import { temporaryFolder } from '../../../helpers/folders'
import { learnedIn, leftBy, makeRun, statusOf, stepsLogged, stopAfter, tinyRecipe, train, writePictures } from './support/training'

/** Steps whose last batch is made of what is no number. */
const poisoned = vi.hoisted(() => new Set<number>())

vi.mock('../../../../src/engine/train/trainer/step-feeds', async (importActual) => {
  const { stepFeeds } = await importActual<typeof import('../../../../src/engine/train/trainer/step-feeds')>()
  return {
    stepFeeds: (...values: Parameters<typeof stepFeeds>): StepFeeds => {
      const [, , groups, { step, micro }] = values
      if (poisoned.has(step) && micro === 1) groups[0]![5] = NaN
      return stepFeeds(...values)
    },
  }
})

beforeEach(() => { poisoned.clear() })

const recipe = tinyRecipe({ run: { steps: 16, batch: 2, accumulate: 2, workers: 0 }, checkpoint: { every_steps: 5 } })

async function draft(overrides: RecipeOverrides = recipe): Promise<readonly [RunFolder, RunFolder]> {
  const root = await temporaryFolder()
  const pictures = await writePictures(root, 5)
  const folder = await temporaryFolder()
  return [await makeRun({ folder, name: 'one', root, pictures, recipe: overrides }), await makeRun({ folder, name: 'two', root, pictures, recipe: overrides })]
}

const lines = async ({ folder }: RunFolder): Promise<readonly string[]> => (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trim().split('\n')
const numbers = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('a step that gives no numbers', () => {
  it('is undone to the newest checkpoint and passed over, and nothing is counted twice', async () => {
    const [run, clean] = await draft()
    await train(clean)
    poisoned.add(7)
    const { result, events } = await train(run)
    expect(result).toMatchObject({ outcome: 'finished', step: 16 })
    // Step 7 would have been written as the 8th.
    expect(await stepsLogged(run)).toEqual([...numbers(1, 7), ...numbers(9, 16)])
    // Up to there, what was done again is what a run without trouble does.
    expect((await lines(run)).slice(0, 7)).toEqual((await lines(clean)).slice(0, 7))
    expect((await leftBy(run)).state).toMatchObject({ rollbacks: 1, skippedSteps: [7] })
    expect(events.filter((event) => event.kind === 'warning').map(({ warning }) => [warning.code, warning.step])).toEqual([['non-finite-loss', 8]])
    const report = JSON.parse(await readFile(join(run.folder, 'non-finite-step-7.json'), 'utf8')) as { readonly step: number; readonly pictures: readonly string[] }
    expect([report.step, report.pictures.length, report.pictures.every((name) => /^\d\.jpg$/.test(name))]).toEqual([7, 4, true])
  })

  it('stays passed over in a run that was stopped after going back', async () => {
    const [straight, stopped] = await draft()
    poisoned.add(7)
    await train(straight)
    let back = false
    await train(stopped, {
      onEvent: (event, abort) => {
        back ||= event.kind === 'warning'
        if (back && event.kind === 'step' && event.metrics.step === 6) abort('enough')
      },
    })
    expect(await leftBy(stopped)).toMatchObject({ step: 6, state: { rollbacks: 1, skippedSteps: [7] } })
    await train(stopped)
    expect(await leftBy(stopped)).toEqual(await leftBy(straight))
  })

  it('may be the last one: the run still looks and ends', async () => {
    const [run] = await draft(tinyRecipe({ run: { steps: 6, batch: 2, accumulate: 2, workers: 0 }, watch: { probe_every: '3 steps', probe_pictures: 1 } }))
    poisoned.add(5)
    const { result, events } = await train(run)
    expect([result?.outcome, events.flatMap((event) => (event.kind === 'probe' ? [event.step] : []))]).toEqual(['finished', [0, 3, 3, 6]])
    expect((await leftBy(run)).step).toBe(6)
  })

  it('comes a fourth time: the run ends with a list of its pictures, a report, and its last good checkpoint', async () => {
    const [run, clean] = await draft()
    for (const step of [7, 8, 9, 11]) poisoned.add(step)
    await train(clean, { onEvent: stopAfter(1) })
    const { error } = await train(run)
    expect(error).toMatchObject({ code: 'NON_FINITE_LOSS', detail: { step: 11, checkpoint: 10, report: join(run.folder, 'non-finite-step-11.json') } })
    expect(error?.message).toContain('The checkpoint of step 10 is kept.')
    expect(await statusOf(run)).toMatchObject({ state: 'failed', reason: error?.message })
    expect(await readdir(run.folder)).toEqual(expect.arrayContaining(['report.html', ...[7, 8, 9, 11].map((step) => `non-finite-step-${step}.json`)]))
    for (const checkpoint of await listCheckpoints(run.folder)) for (const [name, data] of Object.entries((await learnedIn(checkpoint)).tensors)) expect(Array.from(data, Number).every(Number.isFinite), name).toBe(true)
    // It goes no further when it is begun again, and does not begin from zero.
    const again = await train(run)
    expect(again.error?.code).toBe('NON_FINITE_LOSS')
    expect((await leftBy(run)).step).toBe(10)
  })
})

describe('a learning rate beyond all reason', () => {
  it('is found out before its weights are saved: every checkpoint holds numbers', async () => {
    const [run] = await draft(tinyRecipe({ run: { steps: 16, batch: 2, workers: 0 }, checkpoint: { every_steps: 1 }, optimiser: { lr: 1e39, min_lr: 1e39, warmup: '0 steps', scaling_rule: 'none', freeze_last_layer: '0 steps', clip_grad: 0, weight_decay: 0.9, weight_decay_end: 0.9 } }))
    const { error } = await train(run)
    expect(error?.code).toBe('NON_FINITE_LOSS')
    const checkpoints = await listCheckpoints(run.folder)
    expect(checkpoints.length).toBeGreaterThan(0)
    for (const checkpoint of checkpoints) for (const [name, data] of Object.entries((await learnedIn(checkpoint)).tensors)) expect(Array.from(data, Number).every(Number.isFinite), name).toBe(true)
  })
})
