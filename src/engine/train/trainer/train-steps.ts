/** @file The steps of a run, from where it is to its end, a stop, or trouble. */
import { stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { isEngineError, type TrainResult } from '../../contract'
import type { Runtime } from '../../runtime'
import type { TrainControl } from './control'
import { onCourse, type Course } from './course'
import type { Desk } from './desk'
import { afterStep, beforeFirstStep, oneStep } from './one-step'
import type { Setup } from './setup'

const pausePollMs = 200
/** For saving that does not wait for room. */
const atOnce = AbortSignal.abort()

/**
 * Steps until the end, a stop or trouble; what has been learned is saved in every case.
 * @throws EngineError NON_FINITE_LOSS, TRAIN_IMAGES, RUNTIME, DISK
 */
export async function trainSteps(setup: Setup, runtime: Runtime, control: TrainControl, desk: Desk, signal: AbortSignal): Promise<TrainResult> {
  const { run, spec, recipe, schedule, images, memory } = setup
  desk.begin(memory.step, schedule.stepsTotal)
  const { root } = run.description
  // Without this the first look would find no pictures to look at, and keep to that.
  if (!(await isFolder(root))) return { outcome: 'stopped', reason: `${root}: the folder with the training pictures cannot be read; put it back and resume the run`, step: memory.step }
  return onCourse(setup, runtime, desk, signal, async (course) => {
    const { scored } = course.looking
    desk.note(`${memory.step === 0 ? 'begins' : `goes on after step ${memory.step}`}: ${images.length} pictures, batch ${spec.batch} × ${recipe.run.accumulate}, ${schedule.stepsTotal} steps${scored === undefined ? '' : `; scored by ${scored}`}`)
    try {
      return await steps(course, control)
    } catch (error) {
      return await ended(course, error)
    }
  })
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then((stats) => stats.isDirectory(), () => false)
}

async function steps(course: Course, control: TrainControl): Promise<TrainResult> {
  const { setup: { memory, schedule }, desk, saving, signal } = course
  if (memory.step === 0) await beforeFirstStep(course)
  desk.phase('training', '')
  for (;;) {
    const reason = await shouldStop(course, control)
    if (reason !== undefined) return stop(course, reason)
    if (memory.pending !== undefined) await afterStep(course)
    else if (memory.step < schedule.stepsTotal) await oneStep(course)
    else break
  }
  await saving.keep(signal)
  return { outcome: 'finished', reason: undefined, step: memory.step }
}

/** A stop in the middle of something, or trouble. */
async function ended(course: Course, error: unknown): Promise<TrainResult> {
  const { signal, saving } = course
  // What the runtime or we ourselves did wrong may have left an update half done.
  const isWhole = !isEngineError(error, 'RUNTIME') && !isEngineError(error, 'INTERNAL')
  if (signal.aborted && isWhole) return stop(course, reasonOf(signal))
  if (isEngineError(error, 'SOURCE_UNAVAILABLE')) return stop(course, error.message)
  if (isEngineError(error, 'TRAIN_IMAGES')) await saving.keep(atOnce).catch(() => undefined)
  throw error
}

export function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : 'it was stopped'
}

/** Waits through a pause; then why the run should stop, if it should. */
async function shouldStop({ desk, signal }: Course, control: TrainControl): Promise<string | undefined> {
  // Messages are heard only when the event loop turns.
  await new Promise(setImmediate)
  let paused = false
  while (control.paused() && !signal.aborted && !isPast(control.finishBy())) {
    if (!paused) desk.phase('paused', 'paused by you')
    paused = true
    await delay(pausePollMs, undefined, { signal }).catch(() => undefined)
  }
  if (signal.aborted) return reasonOf(signal)
  const at = control.finishBy()
  if (isPast(at)) return `it was to finish by ${at?.toISOString() ?? ''}`
  if (paused) desk.phase('training', '')
  return undefined
}

function isPast(at: Date | undefined): boolean {
  return at !== undefined && Date.now() >= at.getTime()
}

/** Leaves a run that can go on; where the disk refuses the last steps, with a word about them. */
async function stop({ setup: { memory }, desk, saving }: Course, reason: string): Promise<TrainResult> {
  desk.phase('stopping', reason)
  try {
    await saving.keep(atOnce)
    return { outcome: 'stopped', reason, step: memory.step }
  } catch (error) {
    if (!isEngineError(error, 'DISK')) throw error
    return { outcome: 'stopped', reason: `${reason}. ${error.message}`, step: saving.lastStep() ?? 0 }
  }
}
