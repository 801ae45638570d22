/** @file When a trainer that crashed is started again, and when it is left alone. */

const windowMs = 10 * 60_000
const delaysMs = [1000, 2000, 4000] as const

/** How often a trainer is started again within ten minutes. */
export const maxRestarts = delaysMs.length

/**
 * Milliseconds to wait before the next start, or undefined when it has crashed too often: 1, 2, 4 s, and at most three
 * restarts in any ten minutes.
 * @param restartsMs when it was started again before, on the clock of `nowMs`
 */
export function nextTrainerDelayMs(restartsMs: readonly number[], nowMs: number): number | undefined {
  return delaysMs[restartsMs.filter((restartMs) => nowMs - restartMs < windowMs).length]
}
