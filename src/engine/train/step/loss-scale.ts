/** @file How far the loss is scaled up so that float16 gradients do not vanish, and how that factor finds its place. */

/** Changed in place from step to step; part of a checkpoint. */
export interface LossScale {
  /** A power of two, so that scaling and unscaling round nothing. */
  value: number
  /** Steps since it last changed. */
  goodSteps: number
}

const firstValue = 2 ** 16
const smallestValue = 1
const largestValue = 2 ** 24
const growthSteps = 2000

/** Where a run begins. Source: torch.amp.GradScaler (init_scale, growth_interval). */
export function newLossScale(): LossScale {
  return { value: firstValue, goodSteps: 0 }
}

/** Whether gradients that are no numbers may be the scale's fault; at the smallest scale they are the run's own. */
export function mayOverflow({ value }: LossScale): boolean {
  return value > smallestValue
}

/** Halves it after an overflow, doubles it after many steps without. Source: torch.amp.GradScaler.update. */
export function adjustLossScale(scale: LossScale, overflowed: boolean): void {
  scale.goodSteps = overflowed ? 0 : scale.goodSteps + 1
  if (overflowed) scale.value = Math.max(smallestValue, scale.value / 2)
  else if (scale.goodSteps === growthSteps) {
    scale.value = Math.min(largestValue, 2 * scale.value)
    scale.goodSteps = 0
  }
}
