/** @file Many small events made into few updates: the first at once, the rest together after a pause. */

export interface Batcher<E> {
  add(event: E): void
  /** Delivers what waits now. */
  flush(): void
  /** Forgets what waits. */
  clear(): void
}

/** Calls `deliver` with the gathered events at most once in `pauseMs`. */
export function createBatcher<E>(pauseMs: number, deliver: (events: readonly E[]) => void): Batcher<E> {
  let waiting: E[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  const send = (): void => {
    if (waiting.length === 0) return
    const events = waiting
    waiting = []
    deliver(events)
  }
  const stop = (): void => {
    clearTimeout(timer)
    timer = undefined
  }
  const pause = (): void => {
    timer = setTimeout(() => {
      timer = undefined
      if (waiting.length === 0) return
      send()
      pause()
    }, pauseMs)
  }
  return {
    add: (event) => {
      waiting.push(event)
      if (timer !== undefined) return
      send()
      pause()
    },
    flush: () => {
      stop()
      send()
    },
    clear: () => {
      stop()
      waiting = []
    },
  }
}
