/** @file Back to the newest checkpoint, when a step gave numbers that are none. */
import { join } from 'node:path'
import { EngineError } from '../../contract'
import { saveFile } from '../../files'
import { newestCheckpoint } from '../run'
import { reopenCourse, type Course } from './course'
import { onceThereIsRoom } from './patience'
import { goOn } from './setup'

const mostRollbacks = 3

/**
 * Step `index` gave numbers that are not finite, or weights that are not. Goes back to the newest checkpoint, which is
 * older, and passes over the pictures of that step when it comes again.
 * @throws EngineError NON_FINITE_LOSS the fourth time
 */
export async function goBack(course: Course, index: number): Promise<void> {
  const { setup, desk, signal } = course
  const { memory, run, spec, stepper } = setup
  const report = await writePictures(course, index)
  const { checkpoint } = await newestCheckpoint(run)
  if (checkpoint === undefined) throw new EngineError('CHECKPOINT', 'there is no checkpoint to go back to')
  if (memory.rollbacks >= mostRollbacks)
    throw new EngineError(
      'NON_FINITE_LOSS',
      `The numbers of step ${index} were not finite, after going back ${mostRollbacks} times already. The checkpoint of step ${checkpoint.step} is kept. Lower the learning rate or lengthen its warm-up in a new run; the pictures of that step are listed in ${report}`,
      { detail: { step: index, report, checkpoint: checkpoint.step } },
    )
  memory.rollbacks++
  memory.skippedSteps.add(index)
  desk.note(`step ${index} gave numbers that are not finite; going back to step ${checkpoint.step} and passing over its pictures (${report})`)
  await goOn(checkpoint, spec, memory)
  await stepper.push()
  await reopenCourse(course)
  // So that a crash from here on does not meet the same step unprepared.
  await course.saving.save({ best: checkpoint.best, signal })
  desk.phase('training', '')
}

/** Keeps the list of the step's pictures, for whoever looks for the reason. */
async function writePictures({ setup: { run, images, memory }, feeding, desk, signal }: Course, step: number): Promise<string> {
  const path = join(run.folder, `non-finite-step-${step}.json`)
  const pictures = feeding.pictures().map((picture) => images[picture]?.relativePath ?? '')
  await onceThereIsRoom(() => saveFile(path, `${JSON.stringify({ step, pictures }, undefined, 2)}\n`), { desk, step: memory.step, signal })
  return path
}
