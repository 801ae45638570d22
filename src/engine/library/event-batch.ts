/** @file Gathers many small findings into few events, without holding any of them back for long. */

/** Findings are sent together after this time at the latest. */
const holdMs = 80
const largestBatch = 256

export interface EventBatch<T> {
  add(items: readonly T[]): void
  /** Sends what is held. */
  flush(): void
  /** Forgets what is held and sends nothing any more. */
  drop(): void
}

/** The first finding after a pause is sent at once, so that something appears. */
export function createEventBatch<T>(send: (items: readonly T[]) => void): EventBatch<T> {
  let held: T[] = []
  let timer: NodeJS.Timeout | undefined
  let lastSent = -Infinity
  let dropped = false
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (held.length === 0 || dropped) return
    const items = held
    held = []
    lastSent = performance.now()
    send(items)
  }
  return {
    add: (items) => {
      // One by one: a call takes some hundred thousand arguments and no more, and a whole drive may be gone at once.
      for (const item of items) held.push(item)
      const waited = performance.now() - lastSent
      if (held.length >= largestBatch || waited >= holdMs) flush()
      else timer ??= setTimeout(flush, holdMs - waited)
    },
    flush,
    drop: () => {
      dropped = true
      clearTimeout(timer)
    },
  }
}
