/** @file One step of a run and what follows from it: its numbers, a look, a checkpoint. */
import { isFiniteState } from '../step'
import type { Course } from './course'
import { dueAfter, look } from './evaluate'
import { goBack } from './go-back'
import { observe } from './observe'

/** Share of a step's time spent waiting for pictures from which on it is worth saying. */
const slowDataShare = 0.3
/** Steps in which the cache fills. */
const unhurriedSteps = 20
/** Share of the pictures that cannot be read from which on it is worth saying. */
const skippedShare = 0.05

/** @throws EngineError NON_FINITE_LOSS, TRAIN_IMAGES, SOURCE_UNAVAILABLE, RUNTIME; the signal's reason */
export async function oneStep(course: Course): Promise<void> {
  const { setup: { memory, schedule, stepper, recipe, spec, warmupSteps }, desk, speed, feeding } = course
  const index = memory.step
  const startedMs = performance.now()
  if (memory.skippedSteps.has(index)) {
    for await (const _feeds of feeding.step(index));
    memory.step++
    memory.pending = {}
  } else {
    const rates = schedule.at(index)
    const result = await stepper.step(feeding.step(index), rates)
    const { values, warnings } = observe(memory, index + 1, result, rates, { spec, warmupSteps, guarded: recipe.watch.collapse_guard, logEvery: recipe.watch.log_every })
    warnings.forEach(desk.warn)
    if (!result.finite) {
      await goBack(course, index)
      return
    }
    const tookMs = performance.now() - startedMs
    memory.step++
    memory.pending = values
    memory.trainedMs += tookMs
    speed.took(tookMs)
    tellOfData(course, tookMs)
  }
  await afterStep(course)
}

/**
 * Finishes the step that the memory is at: looks, writes its line of numbers, saves. A stop in the middle leaves
 * `pending`, with which a resumed run does this again, so that no look and no line is lost by it.
 */
export async function afterStep(course: Course): Promise<void> {
  const { setup: { memory, schedule, recipe, stepper }, desk, speed, feeding, saving } = course
  const due = dueAfter(course)
  const isLast = memory.step === schedule.stepsTotal
  if (due.scores || due.probes || isLast || saving.isDue(memory.step)) {
    await stepper.pull()
    if (!isFiniteState(memory.state)) {
      await goBack(course, memory.step - 1)
      return
    }
  }
  const seen = await look(course, due)
  const metrics = { step: memory.step, values: { ...memory.pending, ...seen.values } }
  const imagesPerSecond = speed.imagesPerSecond()
  const hasNumbers = Object.keys(metrics.values).length > 0
  if (hasNumbers && (memory.step % recipe.watch.log_every === 0 || isLast || Object.keys(seen.values).length > 0))
    course.metrics.append(metrics, imagesPerSecond === undefined ? {} : { 'images.per.second': imagesPerSecond, 'data.waited.ms': feeding.waitedMs() })
  memory.pending = undefined
  if (hasNumbers) desk.tell({ metrics, imagesPerSecond, etaMs: speed.etaMs(schedule.stepsTotal - memory.step) })
  const saves = seen.best || saving.isDue(memory.step)
  if (saves) await saving.save({ best: seen.best, signal: course.signal })
  if (saves || due.scores || due.probes) desk.phase('training', '')
}

/** Before the first step: what the network sees by nature, and a checkpoint to go back to. */
export async function beforeFirstStep(course: Course): Promise<void> {
  const { setup: { schedule }, looking, desk, saving, signal } = course
  const { values, best } = await look(course, { scores: schedule.knnEvery > 0 && looking.scored !== undefined, probes: schedule.probeEvery > 0 })
  if (Object.keys(values).length > 0) {
    course.metrics.append({ step: 0, values })
    desk.tell({ metrics: { step: 0, values }, imagesPerSecond: undefined, etaMs: undefined })
  }
  await saving.save({ best, signal })
}

/** Said once each: that the model waits for pictures, that many of them cannot be read. */
function tellOfData({ setup: { memory, images, run }, desk, feeding, told }: Course, stepMs: number): void {
  if (!told.has('slow-data') && memory.step > unhurriedSteps && feeding.waitedMs() > slowDataShare * stepMs) {
    told.add('slow-data')
    desk.warn({ step: memory.step, code: 'slow-data', message: `A step waited ${Math.round(feeding.waitedMs())} of its ${Math.round(stepMs)} ms for pictures.`, advice: 'Raise run.workers or run.cache_gb in the recipe, or move the pictures to a faster disk.' })
  }
  const skipped = desk.skippedPictures().length
  if (!told.has('images-skipped') && skipped > skippedShare * images.length) {
    told.add('images-skipped')
    desk.warn({ step: memory.step, code: 'images-skipped', message: `${skipped} of ${images.length} pictures cannot be read.`, advice: `Look at train.log in ${run.folder} for which and why.` })
  }
}
