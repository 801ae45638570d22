/** @file Several conversations over one channel keep apart and end apart. */
import { describe, expect, it } from 'vitest'
import type { Port } from '../../../src/engine/contract'
import { acceptPorts, memoryPair, openPorts, type Frame } from '../../../src/engine/link'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function echoServer(): { readonly open: () => Port<string, string>; readonly log: string[]; readonly endChannel: () => void; readonly accepted: Port<string, string>[] } {
  const [opener, accepter] = memoryPair<Frame, Frame>()
  const log: string[] = []
  const accepted: Port<string, string>[] = []
  acceptPorts<string, string>(accepter, (port) => {
    accepted.push(port)
    port.onMessage((message) => {
      port.post(`echo ${message}`)
    })
    port.onClose((reason) => log.push(reason))
  })
  return { open: openPorts<string, string>(opener), log, endChannel: opener.close, accepted }
}

describe('ports over one channel', () => {
  it('keeps the messages of each port apart', async () => {
    const { open } = echoServer()
    const heard: string[] = []
    const ports = [open(), open()]
    ports.forEach((port, index) => port.onMessage((message) => heard.push(`${index}: ${message}`)))
    ports[1]?.post('b')
    ports[0]?.post('a')
    await settle()
    expect(heard).toEqual(['1: echo b', '0: echo a'])
  })

  it('ends one port without the others, whichever side closes', async () => {
    const { open, log, accepted } = echoServer()
    const heard: string[] = []
    const [first, second, third] = [open(), open(), open()]
    second.onClose((reason) => heard.push(`second ${reason}`))
    third.onMessage((message) => heard.push(message))
    await settle()
    first.close()
    accepted[1]?.close()
    third.post('still here')
    first.post('into the void')
    await settle()
    expect({ heard, log }).toEqual({
      heard: ['second the other side closed the port', 'echo still here'],
      log: ['the port was closed', 'the other side closed the port'],
    })
  })

  it('ends every port when the channel ends', async () => {
    const { open, log, endChannel } = echoServer()
    const reasons: string[] = []
    open().onClose((reason) => reasons.push(reason))
    open().onClose((reason) => reasons.push(reason))
    await settle()
    endChannel()
    expect([reasons.length, log.length]).toEqual([2, 2])
  })

  it('opens no port that would wait for ever on a channel that has ended', async () => {
    const { open, endChannel } = echoServer()
    endChannel()
    expect(await new Promise((resolve) => open().onClose(resolve))).toBe('the port was closed')
  })

  it('tells a listener that comes after the close', async () => {
    const { open } = echoServer()
    const port = open()
    port.close()
    expect(await new Promise((resolve) => port.onClose(resolve))).toBe('the port was closed')
  })
})
