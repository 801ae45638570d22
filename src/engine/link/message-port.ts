/** @file A port over a MessagePort as Electron's main and utility processes have it. */
import type { Port } from '../contract'
import { createPortEvents } from './port-events'

/** The part of Electron's `MessagePortMain` that is used; stated here so that the engine needs no Electron. */
export interface MessagePortLike {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
  start(): void
  close(): void
}

/** Takes over `port`: starts it, and closes it with the returned port. */
export function messagePort<Out, In>(port: MessagePortLike): Port<Out, In> {
  const events = createPortEvents<In>()
  port.on('message', (event) => {
    events.deliver(event.data as In)
  })
  port.on('close', () => {
    events.closed('the window is gone')
  })
  port.start()
  return {
    post: (message) => {
      if (!events.isClosed()) port.postMessage(message)
    },
    onMessage: events.onMessage,
    onClose: events.onClose,
    close: () => {
      port.close()
      events.closed('the port was closed')
    },
  }
}
