/** @file The steps of a run, with everything that happens between them: looking, saving, pausing, stopping, going back. */
import { setTimeout as delay } from 'node:timers/promises'
import { EngineError, isEngineError, type TrainResult } from '../../contract'
import type { Runtime } from '../../runtime'
import { newestCheckpoint, openMetricsLog, type MetricsLog } from '../run'
import type { Desk } from './desk'
import { openFeeding, type Feeding } from './feeding'
import { openLooking, type Looking } from './looking'
import { writeNonFiniteReport } from './non-finite'
import { observe } from './observe'
import { createSaving, type Saving } from './saving'
import { goOn, type Setup } from './setup'
import { createSpeed, type Speed } from './speed'
import type { TrainControl } from './train-run'

const pausePollMs = 200
const mostRollbacks = 3
/** Share of a step's time spent waiting for pictures from which on it is worth saying. */
const slowDataShare = 0.3
/** Share of the pictures that cannot be read from which on it is worth saying. */
const skippedShare = 0.05

interface Course {
  readonly setup: Setup
  readonly desk: Desk
  readonly signal: AbortSignal
  readonly looking: Looking
  readonly saving: Saving
  readonly speed: Speed
  metrics: MetricsLog
  feeding: Feeding
  skipped: number
  slowTold: boolean
  skippedTold: boolean
}

/**
 * Steps until the end, a stop or trouble; what has been learned is saved in every case.
 * @throws EngineError NON_FINITE_LOSS, TRAIN_IMAGES, SOURCE_UNAVAILABLE, RUNTIME
 */
export async function trainSteps(setup: Setup, runtime: Runtime, control: TrainControl, desk: Desk, signal: AbortSignal): Promise<TrainResult> {
  const { run, recipe, spec, schedule, images, memory, stepper } = setup
  desk.total(schedule.stepsTotal)
  const looking = await openLooking({ runtime, folder: run.folder, recipe, spec, state: stepper.state, images })
  const course: Course = {
    ...{ setup, desk, signal, looking, skipped: 0, slowTold: false, skippedTold: false },
    saving: createSaving(run, recipe, memory, () => course.metrics, desk),
    speed: createSpeed(spec.batch * recipe.run.accumulate),
    metrics: await openMetricsLog(run.folder, memory.step === 0 ? 0 : memory.step + 1),
    feeding: await openFeeding({ ...setup, root: setup.run.description.root }, signal, (problem) => { course.skipped++; desk.skipped(problem) }),
  }
  desk.note(`${memory.step === 0 ? 'begins' : `goes on after step ${memory.step}`}: ${images.length} pictures, batch ${spec.batch} × ${recipe.run.accumulate}, ${schedule.stepsTotal} steps${looking.scored === undefined ? '' : `; scored by ${looking.scored}`}`)
  try {
    if (memory.step === 0) await firstLook(course)
    desk.phase('training', '')
    for (;;) {
      const reason = await shouldStop(course, control)
      if (reason !== undefined) return await stop(course, reason)
      if (memory.step >= schedule.stepsTotal) return await finish(course)
      await stepOnce(course)
    }
  } catch (error) {
    if (signal.aborted) return await stop(course, reasonOf(signal))
    // What went wrong came before the update, so the last whole step can be kept.
    if (isEngineError(error, 'SOURCE_UNAVAILABLE') || isEngineError(error, 'TRAIN_IMAGES')) await save(course, false).catch(() => undefined)
    throw error
  } finally {
    await course.feeding.close()
    await course.metrics.close().catch((error: unknown) => { desk.note(String(error)) })
    await looking.release()
  }
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : 'it was stopped'
}

/** Waits through a pause; then why the run should stop, if it should. */
async function shouldStop({ desk, signal }: Course, control: TrainControl): Promise<string | undefined> {
  // Messages are heard only when the event loop turns.
  await new Promise(setImmediate)
  let paused = false
  while (control.paused() && !signal.aborted) {
    if (!paused) desk.phase('paused', 'paused by you')
    paused = true
    if (isPast(control.finishBy())) break
    await delay(pausePollMs, undefined, { signal }).catch(() => undefined)
  }
  if (paused) desk.phase('training', '')
  if (signal.aborted) return reasonOf(signal)
  const at = control.finishBy()
  return isPast(at) ? `it was to finish by ${at?.toISOString() ?? ''}` : undefined
}

function isPast(at: Date | undefined): boolean {
  return at !== undefined && Date.now() >= at.getTime()
}

async function stepOnce(course: Course): Promise<void> {
  const { setup, desk, speed, feeding } = course
  const { memory, schedule, stepper, recipe, spec, warmupSteps } = setup
  const index = memory.step
  const rates = schedule.at(index)
  const startedMs = performance.now()
  if (memory.skippedSteps.has(index)) {
    for await (const _feeds of feeding.step(index));
    memory.step++
    return
  }
  const result = await stepper.step(feeding.step(index), rates)
  const { values, warnings } = observe(memory, index + 1, result, rates, { spec, warmupSteps, guarded: recipe.watch.collapse_guard })
  warnings.forEach(desk.warn)
  if (!result.finite) {
    await goBack(course, index)
    return
  }
  memory.step++
  const tookMs = performance.now() - startedMs
  speed.took(tookMs)
  memory.trainedMs += tookMs
  const look = await lookAfterStep(course)
  const imagesPerSecond = speed.imagesPerSecond()
  const metrics = { step: memory.step, values: { ...values, ...look.values } }
  if (memory.step % recipe.watch.log_every === 0 || memory.step === schedule.stepsTotal || Object.keys(look.values).length > 0)
    course.metrics.append(metrics, imagesPerSecond === undefined ? {} : { 'images.per.second': imagesPerSecond, 'data.waited.ms': feeding.waitedMs() })
  desk.step({ metrics, imagesPerSecond, etaMs: speed.etaMs(schedule.stepsTotal - memory.step) })
  tellOfData(course, performance.now() - startedMs)
  if (look.best || course.saving.isDue(memory.step)) {
    await save(course, look.best)
    desk.phase('training', '')
  }
}

interface Look {
  readonly values: Readonly<Record<string, number>>
  readonly best: boolean
}

/** Scores and probes where the schedule says so. */
async function lookAfterStep(course: Course): Promise<Look> {
  const { setup: { memory, schedule, recipe }, desk } = course
  const due = (every: number): boolean => every > 0 && (memory.step % every === 0 || memory.step === schedule.stepsTotal)
  const scores = due(schedule.knnEvery) && course.looking.scored !== undefined
  const probes = due(schedule.probeEvery)
  if (!scores && !probes) return { values: {}, best: false }
  const values = scores ? await score(course) : {}
  const isBest = values['knn'] !== undefined && values['knn'] === memory.bestKnn
  if (probes) await probe(course)
  desk.phase('training', '')
  return { values, best: isBest && recipe.checkpoint.keep_best }
}

async function score({ setup: { memory }, desk, signal, looking }: Course): Promise<Readonly<Record<string, number>>> {
  desk.phase('evaluating', looking.scored ?? '')
  const accuracy = await looking.score(signal)
  if (accuracy === undefined) return {}
  memory.firstKnn ??= accuracy
  if (accuracy > (memory.bestKnn ?? -1)) memory.bestKnn = accuracy
  desk.bestKnn(memory.bestKnn ?? accuracy)
  desk.note(`step ${memory.step}: k-NN ${(100 * accuracy).toFixed(2)} %`)
  return { knn: accuracy, 'knn.best': memory.bestKnn ?? accuracy }
}

async function probe({ setup: { memory }, desk, looking }: Course): Promise<void> {
  desk.phase('evaluating', 'looking at the probe pictures')
  await looking.probe(memory.step)
  desk.probe(memory.step)
}

/** Before the first step: what the network sees by nature, and a checkpoint to go back to. */
async function firstLook(course: Course): Promise<void> {
  const { setup: { schedule }, looking } = course
  if (schedule.probeEvery > 0) await probe(course)
  const values = schedule.knnEvery > 0 && looking.scored !== undefined ? await score(course) : {}
  if (Object.keys(values).length > 0) {
    course.metrics.append({ step: 0, values })
    course.desk.step({ metrics: { step: 0, values }, imagesPerSecond: undefined, etaMs: undefined })
  }
  await save(course, false)
}

async function save(course: Course, best: boolean): Promise<void> {
  await course.saving.save({ best, signal: course.signal })
}

async function stop(course: Course, reason: string): Promise<TrainResult> {
  const { setup: { memory }, desk, saving } = course
  desk.phase('stopping', reason)
  if (saving.lastStep() !== memory.step) await saving.save({ best: false, signal: AbortSignal.abort() })
  return { outcome: 'stopped', reason, step: memory.step }
}

async function finish(course: Course): Promise<TrainResult> {
  const { setup: { memory }, saving } = course
  if (saving.lastStep() !== memory.step) await save(course, false)
  return { outcome: 'finished', reason: undefined, step: memory.step }
}

/**
 * A number was not finite; nothing was updated. Goes back to the newest checkpoint and passes over the pictures of that
 * step when it comes again.
 * @throws EngineError NON_FINITE_LOSS the fourth time
 */
async function goBack(course: Course, index: number): Promise<void> {
  const { setup, desk, signal } = course
  const { memory, run, spec, images } = setup
  const pictures = course.feeding.pictures().map((picture) => images[picture]?.relativePath ?? '')
  const report = await writeNonFiniteReport(run.folder, index, pictures)
  if (memory.rollbacks >= mostRollbacks)
    throw new EngineError('NON_FINITE_LOSS', `The loss was not a finite number at step ${index}, for the ${mostRollbacks + 1}th time. The weights before it are saved. Lower the learning rate or lengthen its warm-up; the pictures of that step are listed in ${report}`, {
      detail: { step: index, report },
    })
  memory.rollbacks++
  memory.skippedSteps.add(index)
  const { checkpoint } = await newestCheckpoint(run)
  if (checkpoint === undefined) throw new EngineError('CHECKPOINT', 'there is no checkpoint to go back to')
  desk.note(`step ${index} gave numbers that are not finite; going back to step ${checkpoint.step} and passing over its pictures (${report})`)
  await course.feeding.close()
  await course.metrics.close()
  await goOn(checkpoint, spec, memory)
  course.metrics = await openMetricsLog(run.folder, memory.step === 0 ? 1 : memory.step + 1)
  course.feeding = await openFeeding({ ...setup, root: setup.run.description.root }, signal, (problem) => { course.skipped++; desk.skipped(problem) })
  // So that a crash from here on does not meet the same step unprepared.
  await save(course, false)
  desk.phase('training', '')
}

/** Said once each: that the model waits for pictures, that many of them cannot be read. */
function tellOfData(course: Course, stepMs: number): void {
  const { setup: { memory, images, run }, desk, feeding } = course
  if (!course.slowTold && memory.step > 20 && feeding.waitedMs() > slowDataShare * stepMs) {
    course.slowTold = true
    desk.warn({ step: memory.step, code: 'slow-data', message: `A step waited ${Math.round(feeding.waitedMs())} of its ${Math.round(stepMs)} ms for pictures.`, advice: 'Raise run.workers or run.cache_gb in the recipe, or move the pictures to a faster disk.' })
  }
  if (!course.skippedTold && course.skipped > skippedShare * images.length) {
    course.skippedTold = true
    desk.warn({ step: memory.step, code: 'images-skipped', message: `${course.skipped} of ${images.length} pictures cannot be read.`, advice: `Look at train.log in ${run.folder} for which and why.` })
  }
}
