/** @file A port over the IPC channel of a forked Node process, seen from either end. */
import type { Port } from '../contract'
import { createPortEvents } from './port-events'

/** The part of `ChildProcess` (parent's end) and of `process` (child's end) that is used. */
export interface IpcEnd {
  readonly connected?: boolean
  send?(message: unknown, callback?: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
  disconnect?(): void
}

/** Needs `serialization: 'advanced'` at the fork, so that typed arrays and undefined survive. */
export function childProcessPort<Out, In>(end: IpcEnd): Port<Out, In> {
  const events = createPortEvents<In>()
  end.on('message', (message) => {
    events.deliver(message as In)
  })
  const gone = (): void => {
    events.closed('the process at the other end is gone')
  }
  end.on('disconnect', gone)
  if (end.connected === false) gone()
  return {
    post: (message) => {
      if (end.connected !== true) return
      // A send that races the other side's end fails here; `disconnect` reports it to the listeners.
      end.send?.(message, () => undefined)
    },
    onMessage: events.onMessage,
    onClose: events.onClose,
    close: () => {
      if (end.connected === true) end.disconnect?.()
      events.closed('the port was closed')
    },
  }
}
