/** @file Both transports behave as one port: messages in order, waiting until open, one end with its reason. */
import { describe, expect, it, vi } from 'vitest'
import { decodeMessage, encodeMessage, type ClientMessage, type HostMessage } from '../../../src/engine/contract'
import { createBridgePort, createSocketPort } from '../../../src/renderer/services/ports'

const call = (id: string): ClientMessage => ({ kind: 'call', id, name: 'engine.status', argument: undefined })

/** As much of a WebSocket as the port uses. */
class FakeSocket extends EventTarget {
  readonly CONNECTING = 0
  readyState = 0
  binaryType = 'blob'
  readonly sent: unknown[] = []
  readonly close = vi.fn()
  send(bytes: Uint8Array): void {
    this.sent.push((decodeMessage(bytes) as { readonly id: string }).id)
  }
  open(): void {
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
  }
  receive(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }
  end(reason: string, wasClean: boolean): void {
    this.readyState = 3
    this.dispatchEvent(Object.assign(new Event('close'), { reason, wasClean }))
  }
}

function openPort() {
  const socket = new FakeSocket()
  return { socket, port: createSocketPort(socket as unknown as WebSocket) }
}

describe('createSocketPort', () => {
  it('holds messages until the socket is open and keeps their order', () => {
    const { socket, port } = openPort()
    port.post(call('1'))
    port.post(call('2'))
    expect(socket.sent).toEqual([])
    socket.open()
    port.post(call('3'))
    expect(socket.sent).toEqual(['1', '2', '3'])
  })

  it('delivers typed arrays whole', () => {
    const { socket, port } = openPort()
    const received: HostMessage[] = []
    port.onMessage((message) => received.push(message))
    const message: HostMessage = { kind: 'reply', id: '1', ok: true, value: { cosine: Float32Array.of(0.5, -1) } }
    socket.receive(encodeMessage(message).buffer)
    expect(socket.binaryType).toBe('arraybuffer')
    expect(received).toEqual([message])
  })

  it.each([
    ['the engine crashed', false, 'the engine crashed'],
    ['', true, 'the server closed the connection'],
    ['', false, 'the connection to the server was lost'],
  ])('closes with the reason %j, clean %s', (reason, wasClean, expected) => {
    const { socket, port } = openPort()
    const told: string[] = []
    port.onClose((text) => told.push(text))
    socket.end(reason, wasClean)
    socket.end('again', true)
    port.onClose((text) => told.push(text))
    expect(told).toEqual([expected, expected])
  })

  it('closes when what arrives is no message', () => {
    const { socket, port } = openPort()
    const told: string[] = []
    port.onClose((text) => told.push(text))
    socket.receive(new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0]).buffer)
    expect(told).toEqual(['the server sent something that is not a message'])
    expect(socket.close).toHaveBeenCalledOnce()
  })
})

describe('createBridgePort', () => {
  it('passes messages both ways and tells the end once, also to those who ask late', () => {
    const posted: ClientMessage[] = []
    let deliver: (message: HostMessage) => void = () => undefined
    let end: (reason: string) => void = () => undefined
    const port = createBridgePort({
      post: (message) => posted.push(message),
      onMessage: (listener) => {
        deliver = listener
        return () => undefined
      },
      onClose: (listener) => {
        end = listener
        return () => undefined
      },
    })
    const received: HostMessage[] = []
    const told: string[] = []
    port.onMessage((message) => received.push(message))
    port.onClose((reason) => told.push(reason))
    port.post(call('1'))
    deliver({ kind: 'push', name: 'engine.throughput', value: 1 })
    end('out of memory')
    end('twice')
    port.onClose((reason) => told.push(reason))
    expect([posted, received, told]).toEqual([
      [call('1')],
      [{ kind: 'push', name: 'engine.throughput', value: 1 }],
      ['out of memory', 'out of memory'],
    ])
  })
})
