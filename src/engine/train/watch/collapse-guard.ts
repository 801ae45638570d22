/** @file Watches the numbers of a run for collapse: a pure reducer over observations, whose state a checkpoint can keep as JSON. */
import type { TrainWarning } from '../../contract'
import { symptoms, type Vitals } from './symptoms'

/** What one step measured; undefined where it was not measured at this step. Losses, entropy and KL in nats. */
export interface GuardObservation {
  readonly step: number
  /** False where the loss is infinite or no number. */
  readonly lossFinite: boolean
  readonly loss: number
  /** Mean over pictures of the entropy of the teacher's output, 0 to log K. */
  readonly teacherEntropy?: number
  readonly teacherKl?: number
  /** K. */
  readonly prototypes: number
  /** `stdRatio` of the feature statistics: mean deviation of features at length 1, times √dim. */
  readonly featureStdRatio?: number
  readonly effectiveRank?: number
  readonly largestShare?: number
  readonly centreNorm?: number
}

export interface GuardOptions {
  /**
   * Until here nothing but a loss that is no number is told: young runs look collapsed. The longest of the warm-ups of
   * learning rate and teacher temperature, and of the epochs with a frozen last layer.
   */
  readonly warmupSteps: number
}

/** An exponential mean that is right from the first value on. */
interface Trend {
  readonly mean: number
  /** How much of the weight of an endless past has been seen, 0..1. */
  readonly weight: number
}

/** `held`: observations in a row that were ill. */
interface Alarm {
  readonly held: number
  readonly raised: boolean
}

type Smoothed = 'loss' | 'entropyShare' | 'kl' | 'stdRatio' | 'effectiveRank' | 'largestShare'

/** Plain data. Begin with {@link guardStart}. */
export interface GuardState {
  readonly trends: Readonly<Partial<Record<Smoothed, Trend>>>
  readonly lowestLoss: number | undefined
  readonly klAtLowest: number | undefined
  readonly highestRank: number | undefined
  /** By name of the symptom. */
  readonly alarms: Readonly<Record<string, Alarm>>
  readonly nonFinite: boolean
}

export const guardStart: GuardState = { trends: {}, lowestLoss: undefined, klAtLowest: undefined, highestRank: undefined, alarms: {}, nonFinite: false }

/** Warm-ups of zero steps still leave this long. */
const shortestWarmup = 300
/** Of values that come with every step: the mean of about the last fifty. */
const stepShare = 1 / 50
/** Of values that come now and then. */
const measurementShare = 1 / 3
/** Before this much of a mean is there, its extremes are noise. */
const settledWeight = 0.5

function follow(trend: Trend | undefined, value: number | undefined, share: number): Trend | undefined {
  if (value === undefined || !Number.isFinite(value)) return trend
  const weight = (trend?.weight ?? 0) * (1 - share) + share
  const before = trend?.mean ?? value
  return { mean: before + ((value - before) * share) / weight, weight }
}

function nextTrends(trends: GuardState['trends'], seen: GuardObservation): GuardState['trends'] {
  return {
    loss: follow(trends.loss, seen.loss, stepShare),
    entropyShare: follow(trends.entropyShare, seen.teacherEntropy === undefined ? undefined : seen.teacherEntropy / Math.log(Math.max(2, seen.prototypes)), stepShare),
    kl: follow(trends.kl, seen.teacherKl, stepShare),
    stdRatio: follow(trends.stdRatio, seen.featureStdRatio, measurementShare),
    effectiveRank: follow(trends.effectiveRank, seen.effectiveRank, measurementShare),
    largestShare: follow(trends.largestShare, seen.largestShare, measurementShare),
  }
}

/** Lowest loss and highest rank since the warm-up. */
function nextExtremes(state: GuardState, { loss, kl, effectiveRank }: GuardState['trends']): Pick<GuardState, 'lowestLoss' | 'klAtLowest' | 'highestRank'> {
  const isLower = loss !== undefined && loss.weight >= settledWeight && loss.mean < (state.lowestLoss ?? Infinity)
  const isHigher = effectiveRank !== undefined && effectiveRank.weight >= settledWeight && effectiveRank.mean > (state.highestRank ?? 0)
  return {
    lowestLoss: isLower ? loss.mean : state.lowestLoss,
    klAtLowest: isLower ? kl?.mean : state.klAtLowest,
    highestRank: isHigher ? effectiveRank.mean : state.highestRank,
  }
}

/** Only what was measured at this step can be judged, or one measurement would count many times. */
function vitalsOf(seen: GuardObservation, { trends, lowestLoss, klAtLowest, highestRank }: GuardState): Vitals {
  const ifMeasured = (value: number | undefined, trend: Trend | undefined): number | undefined => (value === undefined ? undefined : trend?.mean)
  return {
    loss: trends.loss?.mean,
    lowestLoss,
    klAtLowest,
    highestRank,
    entropyShare: ifMeasured(seen.teacherEntropy, trends.entropyShare),
    kl: ifMeasured(seen.teacherKl, trends.kl),
    stdRatio: ifMeasured(seen.featureStdRatio, trends.stdRatio),
    effectiveRank: ifMeasured(seen.effectiveRank, trends.effectiveRank),
    largestShare: ifMeasured(seen.largestShare, trends.largestShare),
    centreNorm: seen.centreNorm,
    prototypes: Math.max(2, seen.prototypes),
  }
}

function nonFiniteWarning(step: number): TrainWarning {
  return {
    step,
    code: 'non-finite-loss',
    message: 'The loss is no longer a finite number.',
    advice: 'The step was not applied. If it happens again: lower the learning rate, lengthen its warm-up, keep gradient clipping on, and use float32 instead of float16.',
  }
}

/**
 * Takes one step's numbers into the state, and names what is wrong when it has been so for a while: once, and again only
 * after it had become well in between.
 */
export function guard(state: GuardState, seen: GuardObservation, options: GuardOptions): { readonly state: GuardState; readonly warnings: readonly TrainWarning[] } {
  if (!seen.lossFinite) return { state: { ...state, nonFinite: true }, warnings: state.nonFinite ? [] : [nonFiniteWarning(seen.step)] }
  const trends = nextTrends(state.trends, seen)
  const followed: GuardState = { ...state, trends, nonFinite: false }
  if (seen.step < Math.max(shortestWarmup, options.warmupSteps)) return { state: followed, warnings: [] }

  const current: GuardState = { ...followed, ...nextExtremes(followed, trends) }
  const vitals = vitalsOf(seen, current)
  const warnings: TrainWarning[] = []
  const alarms: Record<string, Alarm> = { ...state.alarms }
  for (const { name, code, patience, judge, message, advice } of symptoms) {
    const { held, raised } = alarms[name] ?? { held: 0, raised: false }
    const judgement = judge(vitals)
    if (judgement === undefined) continue
    const heldNow = judgement === 'ill' ? held + 1 : 0
    const raise = !raised && heldNow >= patience
    if (raise) warnings.push({ step: seen.step, code, message: message(vitals), advice })
    alarms[name] = { held: heldNow, raised: raise || (raised && judgement !== 'well') }
  }
  return { state: { ...current, alarms }, warnings }
}
