/** @file How far a job is, how fast it goes and when it will be done, on the monotonic clock. */
import type { Progress } from '../contract'

/** Reports at most this often; the first and the last are always sent. */
const intervalMs = 100
/** Before this much work the rate is too uncertain to be told. */
const warmUpMs = 500

export interface ProgressReporter {
  /** Counts `count` more units. */
  advance(count: number): void
  /** Adds `count` units that were found while the work already went on; told with the next report. */
  grow(count: number): void
  /** Reports the end, whatever the throttle says. */
  finish(): void
}

/**
 * What to tell after `done` of `total` units in `elapsedMs`.
 * The rate is the average since the start: steady, and honest about what is left.
 */
export function progressAt(title: string, done: number, total: number, elapsedMs: number): Progress {
  const known = done > 0 && elapsedMs >= warmUpMs
  const ratePerSecond = known ? (1000 * done) / elapsedMs : undefined
  return {
    kind: 'progress',
    title,
    done,
    total,
    value: total === 0 ? 1 : Math.min(1, done / total),
    ratePerSecond,
    etaMs: ratePerSecond === undefined ? undefined : (1000 * Math.max(0, total - done)) / ratePerSecond,
  }
}

/** Counts units of one job, `initialTotal` to begin with, and emits {@link Progress} about ten times a second. */
export function createProgress(title: string, initialTotal: number, emit: (progress: Progress) => void, now: () => number = () => performance.now()): ProgressReporter {
  const started = now()
  let total = initialTotal
  let done = 0
  let reported = -Infinity
  const report = (): void => {
    reported = now()
    emit(progressAt(title, done, total, reported - started))
  }
  report()
  return {
    advance: (count) => {
      done += count
      if (now() - reported >= intervalMs) report()
    },
    grow: (count) => {
      total += count
    },
    finish: report,
  }
}
