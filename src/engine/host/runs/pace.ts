/** @file Paces broadcasts: the newest value of each kind, at most every so often. */

export interface Pace<T> {
  /** Sends at once where the last was long enough ago, else the newest when its time has come. */
  offer(value: T): void
  /** Sends what waits, now. */
  flush(): void
}

/** Only the newest value counts; none is sent twice and the last one is never lost. */
export function createPace<T>(intervalMs: number, send: (value: T) => void, now: () => number = () => performance.now()): Pace<T> {
  let waiting: { readonly value: T } | undefined
  let timer: NodeJS.Timeout | undefined
  let lastMs = -Infinity
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (waiting === undefined) return
    const { value } = waiting
    waiting = undefined
    lastMs = now()
    send(value)
  }
  return {
    offer: (value) => {
      waiting = { value }
      const waitMs = lastMs + intervalMs - now()
      if (waitMs <= 0) flush()
      else timer ??= setTimeout(flush, waitMs)
    },
    flush,
  }
}
