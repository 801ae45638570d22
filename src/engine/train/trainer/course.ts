/** @file What a run has open while it steps, opened together and closed together whatever happens. */
import { messageOf } from '../../contract'
import type { Runtime } from '../../runtime'
import { openMetricsLog, type MetricsLog } from '../run'
import type { Desk } from './desk'
import { openFeeding, type Feeding } from './feeding'
import { openLooking, type Looking } from './looking'
import { onceThereIsRoom } from './patience'
import type { RunMemory } from './run-memory'
import { createSaving, type Saving } from './saving'
import type { Setup } from './setup'
import { createSpeed, type Speed } from './speed'

export interface Course {
  readonly setup: Setup
  readonly desk: Desk
  readonly signal: AbortSignal
  readonly looking: Looking
  readonly saving: Saving
  readonly speed: Speed
  metrics: MetricsLog
  feeding: Feeding
  /** What has been said once. */
  readonly told: Set<'slow-data' | 'images-skipped'>
}

/** Opens it for `work`. @throws EngineError TRAIN_IMAGES, DISK, and what `work` throws */
export async function onCourse<T>(setup: Setup, runtime: Runtime, desk: Desk, signal: AbortSignal, work: (course: Course) => Promise<T>): Promise<T> {
  const { run, recipe, spec, memory, stepper, images } = setup
  const opened: (() => Promise<void>)[] = []
  // Metrics and pictures are opened anew when the run goes back: what is closed at the end are the last ones.
  let course: Course | undefined
  try {
    const looking = await onceThereIsRoom(() => openLooking({ runtime, folder: run.folder, recipe, spec, state: stepper.state, images }), { desk, step: memory.step, signal })
    opened.push(looking.release)
    const metrics = await openMetricsLog(run.folder, firstLine(memory, 0))
    opened.push(() => (course?.metrics ?? metrics).close())
    const feeding = await feed(setup, desk, signal)
    opened.push(() => (course?.feeding ?? feeding).close())
    const on: Course = {
      ...{ setup, desk, signal, looking, metrics, feeding, told: new Set<never>() },
      saving: createSaving({ run, recipe, memory, stepper, desk, savedStep: setup.resumedFrom?.step, metrics: () => on.metrics }),
      speed: createSpeed(spec.batch * recipe.run.accumulate),
    }
    course = on
    return await work(on)
  } finally {
    for (const close of opened.reverse()) await close().catch((error: unknown) => { desk.note(messageOf(error)) })
  }
}

/** Opens metrics and pictures at the place that the memory is at, after going back. */
export async function reopenCourse(course: Course): Promise<void> {
  const { setup, desk, signal } = course
  await course.feeding.close()
  await course.metrics.close()
  course.metrics = await openMetricsLog(setup.run.folder, firstLine(setup.memory, 1))
  course.feeding = await feed(setup, desk, signal)
}

/** The first step whose numbers are still to be written; `beginning` where no step is done yet. */
function firstLine({ step, pending }: RunMemory, beginning: 0 | 1): number {
  if (step === 0) return beginning
  return pending === undefined ? step + 1 : step
}

function feed(setup: Setup, desk: Desk, signal: AbortSignal): Promise<Feeding> {
  return openFeeding({ ...setup, root: setup.run.description.root }, signal, desk.skipped)
}
