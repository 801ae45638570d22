/** @file Two lanes of work on the same few slots: what somebody looks at now, and what has to be done some time. */

export interface Lanes {
  /** Starts before everything that waits; the newest first, because that is where the eye is. */
  urgent<T>(work: () => Promise<T>): Promise<T>
  /** Starts in order, while nothing urgent waits or runs. */
  background<T>(work: () => Promise<T>): Promise<T>
}

type Start = () => Promise<void>

/** At most `slots` pieces of work at a time, at most `backgroundSlots` of them in the background. */
export function createLanes(slots: number, backgroundSlots: number): Lanes {
  const urgent: Start[] = []
  const background: Start[] = []
  let urgentRunning = 0
  let backgroundRunning = 0

  const next = (): Start | undefined => {
    if (urgentRunning + backgroundRunning >= slots) return undefined
    const first = urgent.pop()
    if (first !== undefined)
      return async () => {
        urgentRunning += 1
        await first()
        urgentRunning -= 1
      }
    if (urgentRunning > 0 || backgroundRunning >= backgroundSlots) return undefined
    const later = background.shift()
    return later === undefined
      ? undefined
      : async () => {
          backgroundRunning += 1
          await later()
          backgroundRunning -= 1
        }
  }

  const pump = (): void => {
    for (let start = next(); start !== undefined; start = next()) void start().then(pump)
  }

  const enter = <T>(queue: Start[], work: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      // Never rejects itself: the slot is freed whatever happens.
      queue.push(() => work().then(resolve, reject))
      pump()
    })

  return { urgent: (work) => enter(urgent, work), background: (work) => enter(background, work) }
}
