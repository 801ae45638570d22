/** @file A page of `serve` without a browser: the address that is printed, and the conversation with the engine. */
import WebSocket from 'ws'
import { connect, decodeMessage, encodeMessage, engineContract, type ClientPort, type Connection, type EngineContract, type HostMessage } from '../../../src/engine/contract'

/** A page's end of the conversation, as a program that holds the token. */
export async function openPage(url: string): Promise<Connection<EngineContract>> {
  const { origin, searchParams } = new URL(url)
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/engine`, { headers: { Authorization: `Bearer ${searchParams.get('token') ?? ''}` } })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  const port: ClientPort = {
    post: (message) => {
      socket.send(encodeMessage(message))
    },
    onMessage: (listener) => {
      socket.on('message', (data: Buffer) => {
        listener(decodeMessage(data) as HostMessage)
      })
      return () => undefined
    },
    onClose: (listener) => {
      socket.on('close', (code, reason) => {
        listener(`${code} ${reason.toString()}`)
      })
      return () => undefined
    },
    close: () => {
      socket.close()
    },
  }
  return connect(engineContract, port)
}

/** The address that a server prints when it is ready. */
export function readyUrl(stdout: NodeJS.ReadableStream | null): Promise<string> {
  return new Promise((resolve) => {
    stdout?.on('data', (chunk: Buffer) => {
      const url = /ready at (\S+)/.exec(chunk.toString())?.[1]
      if (url !== undefined) resolve(url)
    })
  })
}
