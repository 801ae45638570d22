/** @file What changes with the step: learning rate, weight decay, momentum and temperature, in float64 as numpy has them. */
import { EngineError } from '../contract'

/** Linear warmup, then half a cosine from `base` to `final`, one value per step. */
export interface CosineSchedule {
  readonly base: number
  readonly final: number
  /** Steps of the whole schedule, warmup included. */
  readonly stepsTotal: number
  readonly warmupSteps: number
  /** Value at the first step of the warmup. */
  readonly warmupStart: number
}

/** How a learning rate written down for one batch size is carried to another. */
export type ScalingRule = 'linear_wrt_256' | 'sqrt_wrt_1024' | 'none'

/** The `index`-th of `count` evenly spaced numbers, both ends included; of one number it is the start. Source: numpy.linspace. */
export function linspaceAt(start: number, stop: number, count: number, index: number): number {
  if (count === 1) return start
  return index === count - 1 ? stop : start + index * ((stop - start) / (count - 1))
}

/**
 * Value at `step` (0-based): linspace(warmupStart, base, warmupSteps), then final + (base - final)/2 · (1 + cos(π j / J))
 * with J the steps after the warmup; `final` itself is reached only at `stepsTotal` and after.
 * Source: dino/utils.py:187-198; dinov2/utils/utils.py:67-87.
 */
export function cosineValue({ base, final, stepsTotal, warmupSteps, warmupStart }: CosineSchedule, step: number): number {
  if (step >= stepsTotal) return final
  if (step < warmupSteps) return linspaceAt(warmupStart, base, warmupSteps, step)
  return final + 0.5 * (base - final) * (1 + Math.cos((Math.PI * (step - warmupSteps)) / (stepsTotal - warmupSteps)))
}

/** A cosine schedule, checked. @throws EngineError RECIPE when the warmup is longer than the whole */
export function cosineSchedule(base: number, final: number, stepsTotal: number, warmupSteps = 0, warmupStart = 0): CosineSchedule {
  if (warmupSteps > stepsTotal) throw new EngineError('RECIPE', `a warmup of ${warmupSteps} steps is longer than the schedule of ${stepsTotal}`)
  return { base, final, stepsTotal, warmupSteps, warmupStart }
}

/** Teacher temperature that rises linearly from `start` to `final` over `warmup` periods (epochs in DINO, steps in DINOv2), then stays. */
export interface TemperatureSchedule {
  readonly start: number
  readonly final: number
  readonly warmup: number
}

/**
 * Temperature in period `index`: linspace(start, final, warmup), then `final`.
 * Source: DINO per epoch, dino/main_dino.py:374-378; DINOv2 per step, dinov2/train/train.py:83-89.
 */
export function temperatureAt({ start, final, warmup }: TemperatureSchedule, index: number): number {
  return index < warmup ? linspaceAt(start, final, warmup, index) : final
}

/**
 * Learning rate for `batch` images per update.
 * Source: linear per 256, dino/main_dino.py:238; square root per 1024, dinov2/utils/config.py:21-27.
 */
export function scaledLearningRate(rule: ScalingRule, base: number, batch: number): number {
  switch (rule) {
    case 'linear_wrt_256':
      return (base * batch) / 256
    case 'sqrt_wrt_1024':
      return base * Math.sqrt(batch / 1024)
    case 'none':
      return base
  }
}
