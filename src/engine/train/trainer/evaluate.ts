/** @file What a run looks at between steps, by its schedule: k-NN over class folders, and the probe pictures. */
import type { Course } from './course'
import { onceThereIsRoom } from './patience'

export interface Due {
  readonly scores: boolean
  readonly probes: boolean
}

export interface Look {
  /** `knn` and `knn.best`, or nothing. */
  readonly values: Readonly<Record<string, number>>
  /** Whether this score is better than all before it. */
  readonly best: boolean
}

/** What the schedule wants after so many steps; everything at the end. */
export function dueAfter({ setup: { memory, schedule }, looking }: Course): Due {
  const due = (every: number): boolean => every > 0 && (memory.step % every === 0 || memory.step === schedule.stepsTotal)
  return { scores: due(schedule.knnEvery) && looking.scored !== undefined, probes: due(schedule.probeEvery) }
}

/** @throws the signal's reason, in the middle of scoring; EngineError DISK only where the signal is aborted */
export async function look(course: Course, { scores, probes }: Due): Promise<Look> {
  const { setup: { memory, recipe } } = course
  const before = memory.bestKnn ?? -1
  const values = scores ? await score(course) : {}
  if (probes) await probe(course)
  return { values, best: recipe.checkpoint.keep_best && (values['knn'] ?? -1) > before }
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

async function probe({ setup: { memory }, desk, signal, looking }: Course): Promise<void> {
  desk.phase('evaluating', 'looking at the probe pictures')
  await onceThereIsRoom(() => looking.probe(memory.step), { desk, step: memory.step, signal })
  desk.probe(memory.step)
}
