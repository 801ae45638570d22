/** @file What to do after a run, from what its numbers say. Pure. */
import { keptNetwork, type MetricSeries, type RunInfo } from '../../../contract'
import { countText, levelOf, percentText, pointsOf, type Point } from './figures'

export interface NextStep {
  readonly title: string
  readonly text: string
  /** What to type, where the command line does it too. */
  readonly command?: string
}

/** Fewer pictures than this rarely reward training from scratch. */
const fewImages = 10_000
/** A change of the mean over the last fifth of a run against the fifth before it, relative to the whole range. */
const stillMoving = 0.03

/** How much the last fifth differs from the one before, in units of the range of the run. */
function lateChange(points: readonly Point[]): number {
  if (points.length < 10) return 0
  const fifth = Math.floor(points.length / 5)
  const values = points.map(({ value }) => value)
  const range = Math.max(...values) - Math.min(...values)
  const before = levelOf(points.slice(-2 * fifth, -fifth), 'last', 1) ?? 0
  const last = levelOf(points.slice(-fifth), 'last', 1) ?? 0
  return range === 0 ? 0 : (last - before) / range
}

function wasStillLearning(metrics: MetricSeries): boolean {
  const knn = pointsOf(metrics, 'knn')
  return knn.length >= 10 ? lateChange(knn) > stillMoving : lateChange(pointsOf(metrics, 'teacher.kl')) < -stillMoving || lateChange(pointsOf(metrics, 'feature.rank')) > stillMoving
}

function goOn({ state, reason, step, stepsTotal }: RunInfo, folder: string): NextStep | undefined {
  if (state === 'failed') return { title: 'Find out what went wrong', text: `It failed${reason === undefined ? '' : `: ${reason}`}. Its checkpoints are valid: once the cause is gone, resume this run, or begin a new run from these weights with another recipe.` }
  if (step >= stepsTotal || state === 'finished') return undefined
  return { title: 'Resume this run', text: `It ended at step ${countText(step)} of ${countText(stepsTotal)} and goes on exactly where it left off: open it under Runs and choose “Resume this run”.`, command: `dinoscope train --out ${quoted(folder)} --resume` }
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./:\\-]+$/.test(path) ? path : JSON.stringify(path)
}

/** The next things to do, most useful first. `folder` is the run's. */
export function nextSteps(run: RunInfo, metrics: MetricSeries, folder: string): readonly NextStep[] {
  const steps: (NextStep | undefined)[] = [goOn(run, folder)]
  const knn = pointsOf(metrics, 'knn')
  const best = knn.reduce<Point | undefined>((top, point) => (top === undefined || point.value > top.value ? point : top), undefined)
  const last = knn.at(-1)
  if (best !== undefined && last !== undefined && best.value - last.value > 0.01)
    steps.push({ title: 'Take the best checkpoint, not the newest', text: `k-NN accuracy was highest at step ${countText(best.step)} (${percentText(best.value)}) and ended at ${percentText(last.value)}.` })
  if (run.warnings.length > 0) steps.push({ title: 'Change what the warnings advise', text: 'The collapse guard spoke during this run; before the next one, read its advice above. A checkpoint from before the first warning is the safe place to begin.' })
  steps.push({ title: 'Look at your pictures with it', text: `On its page, “Look at my images with its ${keptNetwork(run.summary)}” opens the library with the new model: attention, PCA and similarity of the same pictures as before.`, command: `dinoscope inspect PICTURE --model ${quoted(folder)} --out FOLDER` })
  if (run.state === 'finished' && wasStillLearning(metrics))
    steps.push({ title: 'Train longer', text: 'The curves were still moving when it ended. “New run from these weights” with more epochs goes on from here under a fresh schedule.' })
  if (run.init === undefined && run.teacher === undefined && run.images < fewImages)
    steps.push({ title: 'Begin from pretrained weights', text: `From scratch, ${countText(run.images)} pictures teach a network little that is general. The same recipe from a pretrained model with a low learning rate usually gives more in less time.` })
  steps.push({ title: 'Use it elsewhere', text: `Exported, the ${keptNetwork(run.summary)} is one ONNX file with tokens and attention as outputs, compared with this engine on real pictures when it is written.`, command: `dinoscope export ${quoted(folder)} --to backbone.onnx` })
  return steps.filter((step) => step !== undefined)
}
