/** @file The end of a process, told once to everyone who asks, however late. */

export interface ExitNews {
  /** Only the first reason counts. */
  tell(reason: string): void
  listen(listener: (reason: string) => void): void
}

/** Late listeners are told in a later microtask, as early ones never are before their registration returns. */
export function createExitNews(): ExitNews {
  const listeners: ((reason: string) => void)[] = []
  let told: string | undefined
  return {
    tell: (reason) => {
      if (told !== undefined) return
      told = reason
      for (const listener of listeners.splice(0)) listener(reason)
    },
    listen: (listener) => {
      if (told === undefined) listeners.push(listener)
      else {
        const reason = told
        queueMicrotask(() => {
          listener(reason)
        })
      }
    },
  }
}
