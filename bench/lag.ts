/** @file How long the event loop keeps others waiting, and how much memory the process takes meanwhile. */

export interface Lag {
  /** Of the waiting times of somebody who asks every few milliseconds, milliseconds. */
  readonly p99Ms: number
  readonly worstMs: number
  /** Largest resident set seen, MiB. */
  readonly rssMb: number
}

const everyMs = 4

/** Starts watching; `stop` gives what was seen. */
export function watchLag(): { stop(): Lag } {
  const waits: number[] = []
  let rssBytes = process.memoryUsage.rss()
  let askedAt = performance.now()
  let looks = 0
  const timer = setInterval(() => {
    const now = performance.now()
    // Who would have asked meanwhile has waited too, each the shorter the later they came.
    for (let waited = now - askedAt - everyMs; waited > -everyMs; waited -= everyMs) waits.push(Math.max(0, waited))
    askedAt = now
    if (looks++ % 16 === 0) rssBytes = Math.max(rssBytes, process.memoryUsage.rss())
  }, everyMs)
  return {
    stop: () => {
      clearInterval(timer)
      const sorted = Float64Array.from(waits).sort()
      return { p99Ms: sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 0, worstMs: sorted.at(-1) ?? 0, rssMb: Math.max(rssBytes, process.memoryUsage.rss()) / 2 ** 20 }
    },
  }
}
