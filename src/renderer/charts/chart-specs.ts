/** @file Which charts a run has: what each shows, in which unit, and how its numbers are written. Pure. */
import { formatPercent, formatRate, formatValue, shortNumber } from '../services/format'

export interface CurveSpec {
  readonly column: string
  readonly label: string
  /** Which of the six curve colours. */
  readonly colour: 1 | 2 | 3 | 4 | 5 | 6
}

export interface ChartSpec {
  readonly id: string
  readonly title: string
  readonly unit: string
  /** What to look for, in a sentence. */
  readonly hint: string
  readonly curves: readonly CurveSpec[]
  readonly format: (value: number) => string
  /** The same on the axis, where round numbers stand. */
  readonly axisFormat?: (value: number) => string
  /** Whether its numbers may be shown on a logarithmic axis. */
  readonly mayBeLog: boolean
  /** Schedules and scores are exact: smoothing would only shift them. */
  readonly isExact?: boolean
}

export interface ChartGroup {
  readonly title: string
  readonly charts: readonly ChartSpec[]
}

const curve = (column: string, label: string, colour: CurveSpec['colour'] = 1): CurveSpec => ({ column, label, colour })

const groups: readonly ChartGroup[] = [
  {
    title: 'Loss',
    charts: [
      {
        id: 'loss',
        title: 'Loss and its parts',
        unit: 'nats',
        hint: 'Falls slowly and never to zero: the teacher sharpens while the student follows. Read the trend, not the value.',
        curves: [
          curve('loss', 'Total', 1),
          curve('loss.dino', 'DINO', 2),
          curve('loss.dino.global', 'DINO, global crops', 3),
          curve('loss.dino.local', 'DINO, local crops', 4),
          curve('loss.ibot', 'iBOT', 5),
          curve('loss.koleo', 'KoLeo', 6),
        ],
        format: formatValue,
        mayBeLog: true,
      },
    ],
  },
  {
    title: 'Is it learning?',
    charts: [
      {
        id: 'teacher',
        title: 'Teacher',
        unit: 'nats',
        hint: 'Entropy stuck at its maximum with KL near zero is a uniform output; entropy near zero is one prototype taking all.',
        curves: [curve('teacher.entropy', 'Entropy', 1), curve('teacher.kl', 'KL to the student', 2)],
        format: formatValue,
        mayBeLog: true,
      },
      {
        id: 'rank',
        title: 'Effective rank of the features',
        unit: 'directions',
        hint: 'How many directions the features use (RankMe). It should grow; a steady fall is a collapse on its way.',
        curves: [curve('feature.rank', 'Effective rank', 3)],
        format: (value) => value.toFixed(1),
        mayBeLog: true,
      },
      {
        id: 'std',
        title: 'Spread of the features',
        unit: 'std',
        hint: 'Standard deviation of the normalised features over pictures. Near zero, all pictures look the same to the model.',
        curves: [curve('feature.std', 'Standard deviation', 4)],
        format: formatValue,
        mayBeLog: true,
      },
      {
        id: 'largest',
        title: 'Largest direction',
        unit: 'share',
        hint: 'How much of the features lies in their strongest direction. Near one, a single direction says everything.',
        curves: [curve('feature.largest', 'Share of the strongest direction', 5)],
        format: (value) => formatPercent(value, 1),
        axisFormat: (value) => `${shortNumber(value * 100)} %`,
        mayBeLog: false,
      },
      {
        id: 'knn',
        title: 'k-NN accuracy',
        unit: 'share right',
        hint: 'How often the nearest pictures lie in the same class folder. Labels only score, they never teach.',
        curves: [curve('knn', 'Accuracy', 1), curve('knn.best', 'Best so far', 5)],
        format: (value) => formatPercent(value, 1),
        axisFormat: (value) => `${shortNumber(value * 100)} %`,
        mayBeLog: false,
        isExact: true,
      },
    ],
  },
  {
    title: 'Inside',
    charts: [
      {
        id: 'gradient',
        title: 'Gradient norms',
        unit: 'norm before clipping',
        hint: 'Spikes are clipped. A norm that climbs for long says the learning rate is too high.',
        curves: [curve('gradient.backbone', 'Backbone', 1), curve('gradient.head', 'Head', 2), curve('gradient.ibot', 'iBOT head', 5)],
        format: formatValue,
        mayBeLog: true,
      },
      {
        id: 'centre',
        title: 'Centre',
        unit: 'norm',
        hint: 'The running mean of the teacher’s output. It grows at first and then settles.',
        curves: [curve('centre.norm', 'DINO', 1), curve('centre.ibot.norm', 'iBOT', 5)],
        format: formatValue,
        mayBeLog: true,
      },
    ],
  },
  {
    title: 'Schedules and speed',
    charts: [
      { id: 'lr', title: 'Learning rate', unit: 'per step', hint: 'Warms up in a line, then falls along a cosine.', curves: [curve('lr', 'Learning rate', 1)], format: (value) => value.toExponential(2), mayBeLog: true, isExact: true },
      { id: 'decay', title: 'Weight decay', unit: 'factor', hint: 'Rises along a cosine through the run.', curves: [curve('weight.decay', 'Weight decay', 2)], format: formatValue, mayBeLog: true, isExact: true },
      { id: 'momentum', title: 'Teacher momentum', unit: 'factor', hint: 'How much of itself the teacher keeps at each step; ends at 1.', curves: [curve('momentum', 'Momentum', 3)], format: (value) => value.toFixed(5), mayBeLog: false, isExact: true },
      { id: 'temperature', title: 'Teacher temperature', unit: 'softmax', hint: 'Lower is sharper.', curves: [curve('temperature', 'Temperature', 4)], format: formatValue, mayBeLog: false, isExact: true },
      { id: 'speed', title: 'Speed', unit: 'img/s', hint: 'Images trained on per second, all their crops included.', curves: [curve('images.per.second', 'Images per second', 6)], format: formatRate, mayBeLog: false },
      { id: 'waiting', title: 'Waiting for pictures', unit: 'ms a step', hint: 'Time a step stood still because the next crops were not ready. Near zero is right.', curves: [curve('data.waited.ms', 'Waited', 2)], format: (value) => value.toFixed(0), mayBeLog: true },
    ],
  },
]

const known = new Set(groups.flatMap(({ charts }) => charts.flatMap(({ curves }) => curves.map(({ column }) => column))))
const curveColours = [1, 2, 3, 4, 5, 6] as const

/** The charts of a run with these columns: of each chart the curves there are, and one chart for columns without a name here. */
export function chartGroups(columns: readonly string[]): readonly ChartGroup[] {
  const present = new Set(columns)
  const found = groups
    .map(({ title, charts }) => ({
      title,
      charts: charts
        .map((chart) => ({ ...chart, curves: chart.curves.filter(({ column }) => present.has(column)) }))
        .filter(({ curves }) => curves.length > 0),
    }))
    .filter(({ charts }) => charts.length > 0)
  const others = columns.filter((name) => !known.has(name)).sort()
  if (others.length === 0) return found
  const curves = others.map((name, index) => curve(name, name, curveColours[index % curveColours.length]))
  return [...found, { title: 'Other', charts: [{ id: 'other', title: 'Other numbers', unit: 'as recorded', hint: 'Numbers this version has no name for.', curves, format: formatValue, mayBeLog: true }] }]
}
