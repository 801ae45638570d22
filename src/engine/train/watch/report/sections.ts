/** @file The curves and key figures of a report, from a run's metrics by name. */
import type { MetricSeries, RunInfo } from '../../../contract'
import { chartFigure, type Chart } from './chart'
import { countText, durationText, levelOf, numberText, percentText, pointsOf } from './figures'
import { html, type Markup } from './html'

/** What a report holds the curves against, where it is known. */
export interface References {
  /** K: a uniform output has entropy log K. */
  readonly prototypes?: number
  /** k-NN accuracy of raw pixels on the same pictures, 0..1. */
  readonly pixelKnn?: number
}

/** Names of columns and how a report calls them. */
const groups: readonly (Omit<Chart, 'curves' | 'reference'> & { readonly columns: Readonly<Record<string, string>>; readonly reference?: (known: References) => Chart['reference'] })[] = [
  {
    title: 'k-NN accuracy',
    note: 'How often the nearest pictures name the right class folder. Higher is better; labels are used for this alone.',
    columns: { knn: 'accuracy' },
    format: percentText,
    reference: ({ pixelKnn }) => (pixelKnn === undefined ? undefined : { label: `raw pixels ${percentText(pixelKnn)}`, value: pixelKnn }),
  },
  {
    title: 'Loss',
    note: 'What is minimised, in nats. It may rise while the teacher temperature rises.',
    noisy: true,
    columns: { loss: 'loss', 'loss.dino': 'DINO', 'loss.ibot': 'iBOT', 'loss.koleo': 'KoLeo' },
  },
  {
    title: 'Teacher entropy',
    note: 'How undecided the teacher is about a picture. Neither the maximum nor zero is healthy.',
    noisy: true,
    columns: { 'teacher.entropy': 'entropy, nats' },
    reference: ({ prototypes }) => (prototypes === undefined ? undefined : { label: 'uniform output', value: Math.log(prototypes) }),
  },
  { title: 'KL from student to teacher', note: 'What the student does not yet foresee. At zero there is nothing left to learn.', noisy: true, columns: { 'teacher.kl': 'KL, nats' } },
  { title: 'Effective rank of features', note: 'How many directions the features use (RankMe). Growing is good, falling is a warning.', columns: { 'feature.rank': 'rank' } },
  { title: 'Spread of features', note: 'Standard deviation of features at length 1. At zero all pictures look the same to it.', columns: { 'feature.std': 'deviation' } },
  { title: 'Centre norm', note: 'Length of what centring takes from the teacher. Growing without end is a warning.', columns: { 'centre.norm': 'DINO', 'centre.ibot.norm': 'iBOT' } },
  { title: 'Gradient norms', note: 'Before clipping.', noisy: true, columns: { 'gradient.backbone': 'backbone', 'gradient.head': 'head', 'gradient.ibot': 'iBOT head' } },
  { title: 'Learning rate', note: 'The schedule as it was applied.', columns: { lr: 'rate' } },
  { title: 'Speed', note: 'Pictures per second, with everything that was done.', noisy: true, columns: { 'images.per.second': 'pictures/s' } },
]

/** Every chart for which something was measured. */
export function chartSection(metrics: MetricSeries, known: References): readonly Markup[] {
  return groups.flatMap(({ columns, reference, ...chart }) => chartFigure({ ...chart, curves: Object.entries(columns).map(([name, label]) => ({ label, points: pointsOf(metrics, name) })), reference: reference?.(known) }) ?? [])
}

function tile(label: string, value: string, note: string, first = false): Markup {
  return html`<dl class="tile${first ? ' first' : ''}"><dt>${label}</dt><dd>${value}</dd><small>${note}</small></dl>`
}

/** Accuracy at the start, at best, and what that is in points. */
function knnTile(metrics: MetricSeries): Markup | undefined {
  const points = pointsOf(metrics, 'knn')
  const [first] = points
  if (first === undefined) return undefined
  const best = points.reduce((top, point) => (point.value > top.value ? point : top))
  const gain = 100 * (best.value - first.value)
  return tile('k-NN accuracy, best', percentText(best.value), `${gain >= 0 ? '+' : '−'}${Math.abs(gain).toFixed(1)} points since step ${countText(first.step)}`, true)
}

function changeTile(metrics: MetricSeries, column: string, label: string): Markup | undefined {
  const points = pointsOf(metrics, column)
  const [first, last] = [levelOf(points, 'first'), levelOf(points, 'last')]
  return first === undefined || last === undefined ? undefined : tile(label, numberText(last), `${numberText(first)} at the start`)
}

/** The numbers that sum up the run, most telling first. */
export function keyFigures(run: RunInfo, metrics: MetricSeries, trainedMs: number): readonly Markup[] {
  const { batch, accumulate } = run.summary
  const seen = batch === 'auto' ? undefined : run.step * batch * accumulate
  const perSecond = trainedMs > 0 && seen !== undefined ? (1000 * seen) / trainedMs : undefined
  return [
    knnTile(metrics),
    changeTile(metrics, 'loss', 'Loss'),
    changeTile(metrics, 'feature.rank', 'Effective rank'),
    tile('Steps', countText(run.step), `of ${countText(run.stepsTotal)}`),
    seen === undefined ? undefined : tile('Pictures seen', countText(seen), `${numberText(seen / Math.max(1, run.images))} times each`),
    tile('Time', durationText(trainedMs), perSecond === undefined ? '' : `${numberText(perSecond)} pictures/s`),
  ].filter((one) => one !== undefined)
}
