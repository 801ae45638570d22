/** @file What is told of a run while it runs: the last known facts, moved on by each event of its trainer. Pure. */
import type { RunInfo, TrainEvent } from '../../contract'

/** As many as the run itself keeps. */
const maxWarnings = 50

type Phase = Extract<TrainEvent, { readonly kind: 'phase' }>

function enterPhase(info: RunInfo, { phase, note }: Phase): RunInfo {
  const reason = note === '' ? undefined : note
  // Once a person has asked it to stop, nothing but its end is news.
  if (info.state === 'stopping') return { ...info, reason: reason ?? info.reason }
  switch (phase) {
    case 'preparing':
      return { ...info, state: 'starting', reason }
    case 'training':
      return { ...info, state: 'running', reason: undefined }
    case 'evaluating':
    case 'checkpointing':
      return { ...info, state: 'running', reason }
    case 'paused':
      return { ...info, state: 'paused', reason, imagesPerSecond: undefined, etaMs: undefined }
    case 'stopping':
      return { ...info, state: 'stopping', reason }
  }
}

/** The best k-NN accuracy so far, also where a step tells only its own. */
function bestOf(best: number | undefined, { knn, 'knn.best': told }: Readonly<Record<string, number>>): number | undefined {
  const known = [best, knn, told].filter((value) => value !== undefined && Number.isFinite(value)) as number[]
  return known.length === 0 ? undefined : Math.max(...known)
}

/**
 * The run after `event`.
 * @param updatedAt ISO 8601, when the event arrived
 */
export function afterEvent(run: RunInfo, event: TrainEvent, updatedAt: string): RunInfo {
  const info = { ...run, updatedAt }
  switch (event.kind) {
    case 'phase':
      return enterPhase(info, event)
    case 'step': {
      const { metrics, stepsTotal, imagesPerSecond, etaMs } = event
      return { ...info, step: metrics.step, stepsTotal, imagesPerSecond, etaMs, latest: metrics, bestKnn: bestOf(info.bestKnn, metrics.values) }
    }
    case 'checkpoint': {
      const { checkpoint } = event
      const others = info.checkpoints.filter(({ step }) => step !== checkpoint.step).map((other) => (checkpoint.best ? { ...other, best: false } : other))
      return { ...info, checkpoints: [...others, checkpoint].sort((left, right) => left.step - right.step) }
    }
    case 'warning':
      return { ...info, warnings: [...info.warnings, event.warning].slice(-maxWarnings) }
    case 'skipped':
      return { ...info, skippedImages: info.skippedImages + 1 }
    case 'probe':
      return info
  }
}
