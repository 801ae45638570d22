/** @file The numbers that the runs of one step give, gathered into the step's own: its metrics, and what decides about the update. */
import type { Tensor } from '../../tensor'
import type { GradientGraph } from './gradient-graph'
import { adjustLossScale, mayOverflow } from './loss-scale'
import type { TrainingState } from './training-state'
import { submoduleNorms, type UpdateOptions } from './update-rules'

/** What one run of the step graph is fed besides weights, centres and temperature. */
export type StepFeeds = Readonly<Record<string, Tensor>>

/** What the runs of one step have given so far. */
export interface Accumulated {
  readonly sums: Record<string, number>
  readonly squares: Map<string, number>
  readonly means: Map<string, Float32Array>
  runs: number
  features: Tensor<'float32'> | undefined
}

/** The start of a step. */
export function nothingYet(): Accumulated {
  return { sums: {}, squares: new Map(), means: new Map(), runs: 0, features: undefined }
}

/** What the step graph is fed besides weights and pictures: centres, temperature, the scale of the loss. */
export function numberFeeds({ centre, centreIbot, lossScale }: TrainingState, teacherTemperature: number): StepFeeds {
  const number = (value: number): Tensor<'float32'> => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) })
  return {
    'teacher.temperature': number(teacherTemperature),
    ...(centre === undefined ? {} : { centre }),
    ...(centreIbot === undefined ? {} : { 'centre.ibot': centreIbot }),
    ...(lossScale === undefined ? {} : { 'loss.scale': number(lossScale.value) }),
  }
}

function float32(results: Readonly<Record<string, Tensor>>, name: string): Tensor<'float32'> | undefined {
  return results[name] as Tensor<'float32'> | undefined
}

/** Adds one run's numbers to the step's. */
export function gather({ losses, trainable }: GradientGraph, results: Readonly<Record<string, Tensor>>, total: Accumulated): void {
  total.runs++
  for (const name of losses) total.sums[name] = (total.sums[name] ?? 0) + (float32(results, name)?.data[0] ?? NaN)
  const squares = float32(results, 'gradient.squares')?.data
  trainable.forEach(({ name }, index) => total.squares.set(name, squares?.[index] ?? NaN))
  for (const name of ['teacher.mean', 'teacher.mean.ibot']) {
    const mean = float32(results, name)?.data
    const before = total.means.get(name)
    if (mean !== undefined) total.means.set(name, before === undefined ? mean.slice() : before.map((value, index) => value + (mean[index] ?? NaN)))
  }
  total.features = float32(results, 'features')
}

/** DINO's names in the metrics: `gradient.backbone`, `gradient.head`, `gradient.ibot`. */
const metricOfSubmodule: Readonly<Record<string, string>> = { backbone: 'gradient.backbone', head: 'gradient.head', dino_head: 'gradient.head', ibot_head: 'gradient.ibot' }

export interface Judgement {
  /** Losses and diagnostics averaged over the runs, and the gradients' norms. */
  readonly metrics: Readonly<Record<string, number>>
  /** Σ g² of each gradient as it will be applied. */
  readonly squares: ReadonlyMap<string, number>
  /** What gradients are multiplied by to be those of the mean loss. */
  readonly scale: number
  /** Whether all are numbers, or are not only because the loss was scaled too far. */
  readonly finite: boolean
  /** Whether the gradients are to be applied. */
  readonly usable: boolean
}

/** @param squares Σ g² of the gradients as the graph gave them, summed over the runs; the scale of the loss is adjusted to them */
export function judge({ sums, runs }: Accumulated, squares: ReadonlyMap<string, number>, { lossScale }: TrainingState, { groupOf }: UpdateOptions): Judgement {
  const scale = 1 / (runs * (lossScale?.value ?? 1))
  const actual = scale === 1 ? squares : new Map([...squares].map(([name, square]) => [name, square * scale ** 2]))
  const means = Object.entries(sums).map(([name, value]) => [name, value / runs] as const)
  const norms = [...submoduleNorms(actual, groupOf)].map(([submodule, norm]) => [metricOfSubmodule[submodule] ?? submodule, norm] as const)
  const areFinite = (numbers: readonly (readonly [string, number])[]): boolean => numbers.every(([, value]) => Number.isFinite(value))
  const usable = areFinite(means) && areFinite(norms)
  const overflowed = lossScale !== undefined && mayOverflow(lossScale) && areFinite(means) && !areFinite(norms)
  const scaled = lossScale === undefined ? [] : [['loss.scale', lossScale.value] as const]
  if (lossScale !== undefined && (usable || overflowed)) adjustLossScale(lossScale, overflowed)
  return { metrics: Object.fromEntries([...means, ...(overflowed ? [] : norms), ...scaled]), squares: actual, scale, finite: usable || overflowed, usable }
}
