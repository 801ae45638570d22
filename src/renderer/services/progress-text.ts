/** @file A job's progress in words. */
import type { Progress } from '../../engine/contract'
import { formatCount, formatDuration, formatRate } from './format'

/** `412 of 1,000 · 180/s · 3 s left`, with what is not known yet left out. */
export function progressText(progress: Progress | undefined): string {
  if (progress === undefined) return 'Starting…'
  const parts = [progress.total > 0 ? `${formatCount(progress.done)} of ${formatCount(progress.total)}` : formatCount(progress.done)]
  if (progress.ratePerSecond !== undefined) parts.push(`${formatRate(progress.ratePerSecond)}/s`)
  if (progress.etaMs !== undefined && progress.etaMs >= 1000) parts.push(`${formatDuration(progress.etaMs)} left`)
  return parts.join(' · ')
}
