/** @file A full disk: the run waits and goes on, and ends in good order where it is stopped meanwhile. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { TrainEvent } from '../../../../src/engine/contract'
import type { RunFolder } from '../../../../src/engine/train/run'
import { temporaryFolder } from '../../../helpers/folders'
import { interceptFs, systemError } from '../run/support/faulty-fs'
import { leftBy, makeRun, statusOf, stepsLogged, tinyRecipe, train, writePictures } from './support/training'

let restore: () => void = () => undefined
afterEach(() => { restore() })

/** From now on nothing can be written, until the function it gives back is called. */
function fillDisk(): () => void {
  restore = interceptFs((operation) => {
    if (['mkdir', 'writeFile', 'handle.write', 'handle.writeFile'].includes(operation)) throw systemError('ENOSPC', operation)
  })
  return restore
}

async function draft(): Promise<readonly [RunFolder, RunFolder]> {
  const root = await temporaryFolder()
  const pictures = await writePictures(root, 5)
  const folder = await temporaryFolder()
  const recipe = tinyRecipe({ run: { steps: 8 }, checkpoint: { every_steps: 4 }, watch: { probe_every: '50%', probe_pictures: 1 } })
  return [await makeRun({ folder, name: 'full', root, pictures, recipe }), await makeRun({ folder, name: 'roomy', root, pictures, recipe })]
}

const isPause = (event: TrainEvent): boolean => event.kind === 'phase' && event.phase === 'paused'

describe('a full disk', () => {
  it.each([
    ['a checkpoint', (event: TrainEvent) => event.kind === 'phase' && event.phase === 'checkpointing', 4],
    ['the probe pictures', (event: TrainEvent) => event.kind === 'step' && event.metrics.step === 3, 4],
  ])('makes the run wait for room for %s, and changes nothing of what it learns', async (_what, isMoment, step) => {
    const [run, roomy] = await draft()
    await train(roomy)
    let begun = false
    let isFull = false
    const { result, events } = await train(run, {
      onEvent: (event) => {
        begun ||= event.kind === 'step' && event.metrics.step === 3
        if (begun && !isFull && isMoment(event)) {
          isFull = true
          fillDisk()
        }
        if (isPause(event)) setTimeout(() => { restore() }, 50)
      },
    })
    expect(result).toMatchObject({ outcome: 'finished', step: 8 })
    expect(events.flatMap((event) => (event.kind === 'warning' ? [[event.warning.code, event.warning.step]] : []))).toEqual([['disk-full', step]])
    expect(events.filter(isPause)).toEqual([{ kind: 'phase', phase: 'paused', note: expect.stringContaining(_what === 'a checkpoint' ? 'The checkpoint of step 4 needs' : 'cannot be written') as string }])
    expect(await leftBy(run)).toEqual(await leftBy(roomy))
    expect((await statusOf(run)).warnings.map(({ code }) => code)).toEqual(['disk-full'])
    expect((await readdir(join(run.folder, 'checkpoints'))).sort()).toEqual(['step-00000004', 'step-00000008'])
  })

  it('does not keep a run from being stopped, which tells what is not saved and can go on', async () => {
    const [run, roomy] = await draft()
    await train(roomy)
    const { result } = await train(run, {
      onEvent: (event, abort) => {
        if (event.kind === 'step' && event.metrics.step === 6) fillDisk()
        if (isPause(event)) setTimeout(() => { abort('enough') }, 50)
      },
    })
    restore()
    expect(result).toMatchObject({ outcome: 'stopped', step: 4, reason: expect.stringMatching(/^enough\. The checkpoint of step 8 needs .*; the checkpoint of step 4 is untouched/) as string })
    expect(await leftBy(run)).toMatchObject({ step: 4 })
    expect(await train(run)).toMatchObject({ result: { outcome: 'finished', step: 8 } })
    expect(await leftBy(run)).toEqual(await leftBy(roomy))
    expect(await stepsLogged(run)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(await readFile(join(run.folder, 'train.log'), 'utf8')).toContain('goes on after step 4')
  })
})
