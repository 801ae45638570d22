/** @file Two ports joined in memory: the same conversation without a process between, for in-process use and tests. */
import type { Port } from '../contract'
import { createPortEvents } from './port-events'

/** Messages are cloned as any real transport would, and arrive in order in a later microtask. */
export function memoryPair<A, B>(): [Port<A, B>, Port<B, A>] {
  const left = createPortEvents<B>()
  const right = createPortEvents<A>()
  const close = (): void => {
    left.closed('the port was closed')
    right.closed('the port was closed')
  }
  return [
    {
      post: (message) => {
        const copy = structuredClone(message)
        queueMicrotask(() => {
          right.deliver(copy)
        })
      },
      onMessage: left.onMessage,
      onClose: left.onClose,
      close,
    },
    {
      post: (message) => {
        const copy = structuredClone(message)
        queueMicrotask(() => {
          left.deliver(copy)
        })
      },
      onMessage: right.onMessage,
      onClose: right.onClose,
      close,
    },
  ]
}
