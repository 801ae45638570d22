/** @file The numbers of a step beyond its losses: rates, centres, the spread of features; and what the guard makes of them. */
import type { TrainWarning } from '../../contract'
import type { StepSchedule } from '../recipe'
import type { StepResult, StepSpec } from '../step'
import { featureStatistics, guard } from '../watch'
import type { RunMemory } from './run-memory'

/** Fewest steps between two looks at the features: singular values of a thousand of them take longer than a small model's step. */
const statisticsEvery = 25

export interface ObserveOptions {
  readonly spec: StepSpec
  /** Until here a young run's oddities are no symptoms. */
  readonly warmupSteps: number
  readonly guarded: boolean
  /** Steps between two lines of numbers; what is looked at in between would not be kept. */
  readonly logEvery: number
}

const lengthOf = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))

/** Takes a step into the run's memory; `step` counts it as done. */
export function observe(memory: RunMemory, step: number, { metrics, features, finite }: StepResult, rates: StepSchedule, { spec, warmupSteps, guarded, logEvery }: ObserveOptions): { readonly values: Record<string, number>; readonly warnings: readonly TrainWarning[] } {
  const { state } = memory
  if (finite) memory.ring.push(features.data)
  const statistics = finite && step % (Math.ceil(statisticsEvery / logEvery) * logEvery) === 0 ? featureStatistics(memory.ring.rows(), memory.ring.dim) : undefined
  const centreNorm = state.centre === undefined ? undefined : lengthOf(state.centre.data)
  const values: Record<string, number> = {
    ...metrics,
    lr: rates.lr,
    'weight.decay': rates.weightDecay,
    momentum: rates.momentum,
    temperature: rates.teacherTemperature,
    ...(centreNorm === undefined ? {} : { 'centre.norm': centreNorm }),
    ...(state.centreIbot === undefined ? {} : { 'centre.ibot.norm': lengthOf(state.centreIbot.data) }),
    ...(statistics === undefined ? {} : { 'feature.rank': statistics.effectiveRank, 'feature.std': statistics.std, 'feature.largest': statistics.largestShare }),
  }
  if (!guarded) return { values, warnings: [] }
  const seen = {
    step,
    lossFinite: finite,
    loss: metrics['loss'] ?? NaN,
    teacherEntropy: metrics['teacher.entropy'],
    teacherKl: metrics['teacher.kl'],
    prototypes: spec.head.prototypes,
    featureStdRatio: statistics?.stdRatio,
    effectiveRank: statistics?.effectiveRank,
    largestShare: statistics?.largestShare,
    centreNorm,
  }
  const { state: next, warnings } = guard(memory.guard, seen, { warmupSteps })
  memory.guard = next
  return { values, warnings }
}
