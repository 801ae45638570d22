/** @file A server-side socket as a port: bad frames close it, a slow reader is dropped, the engine's end is told. */
import { describe, expect, it } from 'vitest'
import { encodeMessage } from '../../../src/engine/contract'
import { maxQueuedBytes, webSocketPort, type ServerSocket } from '../../../src/engine/link'

interface FakeSocket extends ServerSocket {
  readonly log: unknown[]
  bufferedAmount: number
  fire(event: string, ...values: unknown[]): void
}

function fakeSocket(): FakeSocket {
  const listeners = new Map<string, (...values: unknown[]) => void>()
  const log: unknown[] = []
  return {
    log,
    bufferedAmount: 0,
    send: (data) => log.push(['send', data.length]),
    close: (code, reason) => log.push(['close', code, reason]),
    terminate: () => log.push(['terminate']),
    pause: () => undefined,
    resume: () => undefined,
    on: (event: string, listener: (...values: never[]) => void) => listeners.set(event, listener as (...values: unknown[]) => void),
    fire: (event, ...values) => listeners.get(event)?.(...values),
  }
}

const push = { kind: 'push', name: 'engine.throughput', value: 1 } as const

describe('a WebSocket port', () => {
  it('decodes frames in any of the shapes the socket library gives', () => {
    const socket = fakeSocket()
    const heard: unknown[] = []
    webSocketPort(socket).onMessage((message) => heard.push(message))
    const bytes = encodeMessage({ kind: 'cancel', id: '1' })
    socket.fire('message', Buffer.from(bytes), true)
    socket.fire('message', bytes.buffer, true)
    socket.fire('message', [Buffer.from(bytes.subarray(0, 5)), Buffer.from(bytes.subarray(5))], true)
    expect(heard).toEqual(Array.from({ length: 3 }, () => ({ kind: 'cancel', id: '1' })))
  })

  it.each([
    ['text', Buffer.from('{}'), false, 1003],
    ['bytes that are no message', Buffer.from([255, 255, 255, 255, 1]), true, 1007],
    ['an empty frame', Buffer.alloc(0), true, 1007],
  ])('closes on %s', (_title, data, isBinary, code) => {
    const socket = fakeSocket()
    const heard: unknown[] = []
    webSocketPort(socket).onMessage((message) => heard.push(message))
    socket.fire('message', data, isBinary)
    expect({ heard, log: socket.log }).toEqual({ heard: [], log: [['close', code, expect.any(String)]] })
  })

  it('drops a client whose queue passes the limit', () => {
    const socket = fakeSocket()
    const port = webSocketPort(socket)
    const reasons: string[] = []
    port.onClose((reason) => reasons.push(reason))
    socket.bufferedAmount = maxQueuedBytes
    port.post(push)
    socket.bufferedAmount = maxQueuedBytes + 1
    port.post(push)
    port.post(push)
    expect({ log: socket.log, reasons }).toEqual({ log: [['send', expect.any(Number)], ['terminate']], reasons: ['the page reads too slowly'] })
  })

  it('tells the page why the engine ended, within the size of a close frame', () => {
    const socket = fakeSocket()
    webSocketPort(socket).end(`${'x'.repeat(99)}é and more`)
    expect(socket.log).toEqual([['close', 1012, 'x'.repeat(99)]])
  })
})
