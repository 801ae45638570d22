/** @file A run whose weights lie on a device: saved and taken up again to the bit, and ended by a lost device without a word to it. */
import { describe, expect, it } from 'vitest'
import { join } from 'node:path'
import type { TrainResult } from '../../../../src/engine/contract'
import { createRuntime } from '../../../../src/engine/runtime'
import type { RecipeOverrides } from '../../../../src/engine/train'
import { createStatusWriter, lockRun, openRunFolder, openTrainLog, type RunFolder } from '../../../../src/engine/train/run'
import { createDesk } from '../../../../src/engine/train/trainer/desk'
import { openSetup } from '../../../../src/engine/train/trainer/setup'
import { trainSteps } from '../../../../src/engine/train/trainer/train-steps'
import { createCpuDevice, type CpuDevice } from '../../../helpers/cpu-device'
import { temporaryFolder } from '../../../helpers/folders'
import { thrownBy } from '../../../helpers/thrown'
import { leftBy, makeRun, tinyRecipe, undisturbed, writePictures, type Left } from './support/training'

interface Stop {
  /** Told after each step, with what stops the run and the device it is on. */
  onStep?(step: number, stop: () => void, device: CpuDevice): void
}

/** As the trainer does it, but on a device of ours. */
async function trainOn(device: 'device' | 'memory', { folder }: Pick<RunFolder, 'folder'>, { onStep }: Stop = {}): Promise<{ readonly result: TrainResult | undefined; readonly error: unknown; readonly device: CpuDevice }> {
  const cpu = await createRuntime({ preferred: 'cpu', threads: 1 })
  const fake = createCpuDevice(cpu)
  const runtime = device === 'device' ? { ...cpu, device: fake } : cpu
  const run = await openRunFolder(folder)
  const lock = await lockRun(folder)
  const log = await openTrainLog(folder)
  const controller = new AbortController()
  const desk = createDesk(createStatusWriter(folder), log, (event) => {
    if (event.kind === 'step') onStep?.(event.metrics.step, () => { controller.abort(new Error('enough')) }, fake)
  }, { state: 'starting', step: 0, stepsTotal: 0, warnings: [], skippedImages: 0, updatedAt: '' })
  const setup = await openSetup(run, lock, runtime, desk, controller.signal)
  let result: TrainResult | undefined
  const error = await thrownBy(async () => {
    result = await trainSteps(setup, runtime, undisturbed, desk, controller.signal)
  })
  await setup.stepper.release()
  await desk.end('stopped', undefined)
  await log.close()
  await lock.release()
  await cpu.dispose()
  return { result, error, device: fake }
}

async function someRun(name: string, recipe: RecipeOverrides): Promise<RunFolder> {
  const root = await temporaryFolder()
  return makeRun({ folder: join(root, 'runs'), name, root, pictures: await writePictures(root, 6), recipe })
}

/** What was learned, but for the run's own name in it. */
const learned = ({ step, tensors, state }: Left): unknown => ({ step, tensors, state })

describe('a run on a device', () => {
  it.each([
    ['in single precision', tinyRecipe({ run: { steps: 12, batch: 2, workers: 0 } })],
    ['in half precision, with its loss scale', tinyRecipe({ run: { steps: 12, batch: 2, workers: 0, precision: 'float16' } })],
  ])('goes on after a stop as if there had been none, %s', async (_what, recipe) => {
    const [straight, halved] = [await someRun('straight', recipe), await someRun('halved', recipe)]
    await trainOn('device', straight)
    const first = await trainOn('device', halved, { onStep: (step, stop) => { if (step === 5) stop() } })
    const second = await trainOn('device', halved)
    expect([first.result, second.result]).toEqual([{ outcome: 'stopped', reason: 'enough', step: 5 }, { outcome: 'finished', reason: undefined, step: 12 }])
    expect([first.device.live(), second.device.live()]).toEqual([0, 0])
    const left = await leftBy(halved)
    expect(learned(left)).toEqual(learned(await leftBy(straight)))
    expect(left.state['lossScale']).toEqual(recipe.run?.precision === 'float16' ? { value: 65536, goodSteps: 12 } : undefined)
  })

  it('learns what a run in memory learns', async () => {
    const recipe = tinyRecipe({ run: { steps: 12, batch: 2, workers: 0 } })
    const [there, here] = [await someRun('there', recipe), await someRun('here', recipe)]
    await trainOn('device', there)
    await trainOn('memory', here)
    const [actual, expected] = [await leftBy(there), await leftBy(here)]
    const apart = Object.entries(expected.tensors).filter(([name, values]) => !name.endsWith('attn.qkv.bias') && (values as Float32Array).some((value, index) => Math.abs(value - Number(actual.tensors[name]![index])) > 1e-4))
    expect(apart.map(([name]) => name)).toEqual([])
  })

  it('ends with the error of a lost device, keeps the checkpoint before it, and asks the device for nothing more', async () => {
    const run = await someRun('lost', tinyRecipe({ checkpoint: { every_steps: 4, every_minutes: 0 }, run: { steps: 12, batch: 2, workers: 0 } }))
    const lost = await trainOn('device', run, { onStep: (step, _stop, device) => { if (step === 6) device.lose() } })
    expect(lost.result).toBeUndefined()
    expect(lost.error).toMatchObject({ message: 'the device is lost' })
    expect({ asked: lost.device.askedWhenLost(), live: lost.device.live(), saved: (await leftBy(run)).step }).toEqual({ asked: 1, live: 0, saved: 4 })
    // What a new process does.
    expect((await trainOn('device', run)).result).toEqual({ outcome: 'finished', reason: undefined, step: 12 })
  })
})
