/** @file Paces a job's events: progress at most ten times a second, everything else at once and in order. */

/** One job's way out for events. */
export interface EventSender {
  emit(event: unknown): void
  /** Sends the progress that is waiting; for the end of a job, so that the last event is the last state. */
  flush(): void
  /** After this nothing is sent any more. */
  close(): void
}

export const progressIntervalMs = 100

function isProgress(event: unknown): boolean {
  return typeof event === 'object' && event !== null && 'kind' in event && event.kind === 'progress'
}

/**
 * Only the newest progress counts, so one that comes too soon replaces the one that waits. A kind that is not progress
 * may mean something only once (a file found, a file skipped): it is never dropped, delayed or reordered.
 */
export function createEventSender(send: (event: unknown) => void, now: () => number = () => performance.now()): EventSender {
  let closed = false
  let waiting: unknown
  let timer: NodeJS.Timeout | undefined
  let lastSentMs = -Infinity

  const sendWaiting = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (waiting === undefined) return
    const event = waiting
    waiting = undefined
    lastSentMs = now()
    send(event)
  }

  return {
    emit: (event) => {
      if (closed) return
      if (!isProgress(event)) {
        send(event)
        return
      }
      waiting = event
      const waitMs = lastSentMs + progressIntervalMs - now()
      // The engine's thread is busy for long stretches, so due progress goes out at once instead of by timer.
      if (waitMs <= 0) sendWaiting()
      else timer ??= setTimeout(sendWaiting, waitMs)
    },
    flush: sendWaiting,
    close: () => {
      closed = true
      clearTimeout(timer)
      waiting = undefined
    },
  }
}
