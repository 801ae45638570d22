/** @file The listening half that every port shares: message listeners, and one close that late listeners still hear. */
import type { Unsubscribe } from '../contract'

/** What a transport calls when something arrives, and what its port offers to listeners. */
export interface PortEvents<In> {
  onMessage(listener: (message: In) => void): Unsubscribe
  onClose(listener: (reason: string) => void): Unsubscribe
  deliver(message: In): void
  /** Tells the close listeners; only the first call counts. */
  closed(reason: string): void
  isClosed(): boolean
}

/** Messages that arrive after the close are dropped, so a closed port stays silent. */
export function createPortEvents<In>(): PortEvents<In> {
  const messageListeners = new Set<(message: In) => void>()
  const closeListeners = new Set<(reason: string) => void>()
  let closedBecause: string | undefined
  return {
    onMessage: (listener) => {
      messageListeners.add(listener)
      return () => messageListeners.delete(listener)
    },
    onClose: (listener) => {
      if (closedBecause !== undefined) {
        const reason = closedBecause
        queueMicrotask(() => {
          listener(reason)
        })
        return () => undefined
      }
      closeListeners.add(listener)
      return () => closeListeners.delete(listener)
    },
    deliver: (message) => {
      if (closedBecause !== undefined) return
      for (const listener of messageListeners) listener(message)
    },
    closed: (reason) => {
      if (closedBecause !== undefined) return
      closedBecause = reason
      for (const listener of [...closeListeners]) listener(reason)
      closeListeners.clear()
    },
    isClosed: () => closedBecause !== undefined,
  }
}
