/** @file How long the event loop keeps others waiting, by whose doing, and how much memory the process takes meanwhile. */
import { readFileSync } from 'node:fs'

export interface Lag {
  /** Of the waiting times of somebody who asks every few milliseconds, milliseconds. */
  readonly p99Ms: number
  readonly worstMs: number
  /**
   * The same of the time that this thread was on a processor meanwhile: what the program did. The rest is waiting for a
   * processor that others have. Undefined where the system does not tell (it is Linux that does).
   */
  readonly ownP99Ms: number | undefined
  readonly ownWorstMs: number | undefined
  /** Largest resident set seen, MiB. */
  readonly rssMb: number
}

const everyMs = 4

/** Time that the main thread of this process has been on a processor, milliseconds. */
function ownMs(): number | undefined {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6
  } catch {
    return undefined
  }
}

/** Who would have asked during a turn has waited too, each the shorter the later they came. */
function addWaits(waits: number[], heldMs: number): void {
  for (let waited = heldMs; waited > -everyMs; waited -= everyMs) waits.push(Math.max(0, waited))
}

function ranked(waits: readonly number[]): { readonly p99Ms: number; readonly worstMs: number } {
  const sorted = Float64Array.from(waits).sort()
  return { p99Ms: sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 0, worstMs: sorted.at(-1) ?? 0 }
}

/** Starts watching; `stop` gives what was seen. */
export function watchLag(): { stop(): Lag } {
  const waits: number[] = []
  const own: number[] = []
  let rssBytes = process.memoryUsage.rss()
  let askedAt = performance.now()
  let askedOwn = ownMs()
  let looks = 0
  const timer = setInterval(() => {
    const [now, nowOwn] = [performance.now(), ownMs()]
    addWaits(waits, now - askedAt - everyMs)
    // Of a turn that was not late nobody noticed anything.
    if (nowOwn !== undefined && askedOwn !== undefined) addWaits(own, Math.min(now - askedAt - everyMs, nowOwn - askedOwn))
    askedAt = now
    askedOwn = nowOwn
    if (looks++ % 16 === 0) rssBytes = Math.max(rssBytes, process.memoryUsage.rss())
  }, everyMs)
  return {
    stop: () => {
      clearInterval(timer)
      const program = own.length === 0 ? undefined : ranked(own)
      return { ...ranked(waits), ownP99Ms: program?.p99Ms, ownWorstMs: program?.worstMs, rssMb: Math.max(rssBytes, process.memoryUsage.rss()) / 2 ** 20 }
    },
  }
}
