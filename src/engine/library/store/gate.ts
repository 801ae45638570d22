/** @file Who may use a table at the same time: many that read, or one that moves what is read. */

export interface Gate {
  /** Waits for nobody but a mover at work; answers how to leave. */
  enter(): Promise<() => void>
  /** Does `work` while nobody reads, when that comes. */
  alone<T>(work: () => Promise<T>): Promise<T>
  /** Does `work` if nobody reads now; false when somebody does. */
  ifAlone(work: () => Promise<void>): Promise<boolean>
}

/** Readers may enter while a mover waits for them, so that one who reads within a reading waits for nobody. */
export function createGate(): Gate {
  let readers = 0
  let moving: Promise<unknown> | undefined
  const waiting: (() => void)[] = []

  const quiet = async (): Promise<void> => {
    while (readers > 0 || moving !== undefined) await (moving ?? new Promise<void>((resolve) => waiting.push(resolve)))
  }
  const move = async <T>(work: () => Promise<T>): Promise<T> => {
    const moved = work()
    // Whoever waits only wants the end of it.
    moving = moved.catch(() => undefined)
    try {
      return await moved
    } finally {
      moving = undefined
    }
  }
  return {
    enter: async () => {
      while (moving !== undefined) await moving
      readers++
      let left = false
      return () => {
        if (left) return
        left = true
        if (--readers === 0) for (const wake of waiting.splice(0)) wake()
      }
    },
    alone: async (work) => {
      await quiet()
      return move(work)
    },
    ifAlone: async (work) => {
      if (readers > 0 || moving !== undefined) return false
      await move(work)
      return true
    },
  }
}

/** Does one work after the other; a failure of one is its own caller's. */
export function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work)
    last = next.catch(() => undefined)
    return next
  }
}
