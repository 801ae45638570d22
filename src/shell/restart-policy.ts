/** @file When a crashed engine is started again, and when it is left alone. */

const windowMs = 5 * 60_000
const delaysMs = [1000, 2000, 4000] as const

/**
 * Milliseconds to wait before the next start, or undefined when the engine has crashed too often: 1, 2, 4 s, and at
 * most three restarts in any five minutes.
 * @param restartsMs when the engine was restarted before, on the clock of `nowMs`
 */
export function nextRestartDelayMs(restartsMs: readonly number[], nowMs: number): number | undefined {
  const recent = restartsMs.filter((restartMs) => nowMs - restartMs < windowMs)
  return delaysMs[recent.length]
}
