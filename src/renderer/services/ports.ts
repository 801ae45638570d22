/** @file The page's two transports to the engine, behind the same port: the desktop bridge and a WebSocket. */
import { decodeMessage, encodeMessage, type ClientMessage, type ClientPort, type HostMessage, type Unsubscribe } from '../../engine/contract'
import type { EngineBridge } from '../../preload/contract'

/** Tells its listeners once; a listener that comes late is told at once. */
function createClosing(): { readonly close: (reason: string) => void; readonly onClose: (listener: (reason: string) => void) => Unsubscribe } {
  const listeners = new Set<(reason: string) => void>()
  let closedBecause: string | undefined
  return {
    close: (reason) => {
      if (closedBecause !== undefined) return
      closedBecause = reason
      for (const listener of listeners) listener(reason)
      listeners.clear()
    },
    onClose: (listener) => {
      if (closedBecause !== undefined) {
        listener(closedBecause)
        return () => undefined
      }
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The engine process behind the desktop bridge. */
export function createBridgePort(bridge: EngineBridge): ClientPort {
  const closing = createClosing()
  bridge.onClose(closing.close)
  return {
    post: (message) => {
      bridge.post(message)
    },
    onMessage: (listener) => bridge.onMessage(listener),
    onClose: closing.onClose,
    close: () => {
      closing.close('closed by the page')
    },
  }
}

const reasonOf = (event: CloseEvent): string => {
  if (event.reason !== '') return event.reason
  return event.wasClean ? 'the server closed the connection' : 'the connection to the server was lost'
}

/** The engine of `dinoscope serve`. Messages posted before the socket is open wait for it. */
export function createSocketPort(socket: WebSocket): ClientPort {
  const closing = createClosing()
  const listeners = new Set<(message: HostMessage) => void>()
  const waiting: ClientMessage[] = []
  const send = (message: ClientMessage): void => {
    socket.send(encodeMessage(message))
  }
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('open', () => {
    for (const message of waiting.splice(0)) send(message)
  })
  socket.addEventListener('close', (event) => {
    closing.close(reasonOf(event))
  })
  socket.addEventListener('message', (event: MessageEvent<unknown>) => {
    if (!(event.data instanceof ArrayBuffer)) return
    let message: HostMessage
    try {
      message = decodeMessage(new Uint8Array(event.data)) as HostMessage
    } catch {
      socket.close()
      closing.close('the server sent something that is not a message')
      return
    }
    for (const listener of listeners) listener(message)
  })
  return {
    post: (message) => {
      if (socket.readyState === socket.CONNECTING) waiting.push(message)
      else send(message)
    },
    onMessage: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onClose: closing.onClose,
    close: () => {
      socket.close()
      closing.close('closed by the page')
    },
  }
}
