/** @file A queue between one that finds work and several that do it. */

export interface Backlog<T> {
  push(items: readonly T[]): void
  /** Nothing more will come. */
  close(): void
  /** The next item, when there is one; undefined when all have been taken and none will come. */
  next(): Promise<T | undefined>
}

export function createBacklog<T>(): Backlog<T> {
  const items: T[] = []
  let taken = 0
  let closed = false
  let wake: (() => void)[] = []
  const wakeAll = (): void => {
    const waiting = wake
    wake = []
    for (const resume of waiting) resume()
  }
  return {
    push: (more) => {
      for (const item of more) items.push(item)
      wakeAll()
    },
    close: () => {
      closed = true
      wakeAll()
    },
    next: async () => {
      while (taken === items.length && !closed) await new Promise<void>((resolve) => wake.push(resolve))
      const item = items[taken]
      if (taken < items.length) taken += 1
      return item
    },
  }
}
