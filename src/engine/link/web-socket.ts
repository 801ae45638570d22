/** @file The server's side of a WebSocket as a port: binary frames of the wire format, with a bounded send queue. */
import { decodeMessage, encodeMessage, type ClientMessage, type HostMessage, type HostPort } from '../contract'
import { createPortEvents } from './port-events'

/** The part of a `ws` socket that is used. */
export interface ServerSocket {
  readonly bufferedAmount: number
  send(data: Uint8Array): void
  close(code: number, reason: string): void
  terminate(): void
  pause(): void
  resume(): void
  on(event: 'message', listener: (data: unknown, isBinary: boolean) => void): unknown
  on(event: 'close', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** A page that reads slower than this is dropped, so that it cannot fill the server's memory. */
export const maxQueuedBytes = 8 * 2 ** 20

/** WebSocket close codes in use. Source: RFC 6455 §7.4.1 and the IANA registry (1012). */
export const closeCodes = { unsupported: 1003, badPayload: 1007, engineGone: 1012 } as const

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  return Buffer.concat(data as readonly Uint8Array[])
}

/**
 * What the page sends arrives as messages, what is posted goes to the page. The page is closed with `engineGone` and
 * the reason when `end` is called.
 */
export function webSocketPort(socket: ServerSocket): HostPort & { end(reason: string): void } {
  const events = createPortEvents<ClientMessage>()
  socket.on('message', (data, isBinary) => {
    if (!isBinary) {
      socket.close(closeCodes.unsupported, 'binary frames only')
      return
    }
    let message: unknown
    try {
      message = decodeMessage(bytesOf(data))
    } catch {
      socket.close(closeCodes.badPayload, 'not a message')
      return
    }
    events.deliver(message as ClientMessage)
  })
  socket.on('close', () => {
    events.closed('the page is gone')
  })
  socket.on('error', () => {
    socket.terminate()
  })
  const post = (message: HostMessage): void => {
    if (events.isClosed()) return
    if (socket.bufferedAmount > maxQueuedBytes) {
      socket.terminate()
      events.closed('the page reads too slowly')
      return
    }
    socket.send(encodeMessage(message))
  }
  return {
    post,
    onMessage: events.onMessage,
    onClose: events.onClose,
    close: () => {
      socket.close(1000, '')
    },
    end: (reason) => {
      // A close frame holds at most 123 bytes of reason.
      socket.close(closeCodes.engineGone, Buffer.from(reason).subarray(0, 100).toString('utf8').replace(/\uFFFD+$/u, ''))
    },
  }
}
