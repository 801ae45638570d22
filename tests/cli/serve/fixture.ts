/** @file A running server over a fake surface and engine, and raw ways to talk to it. */
import { connect as connectSocket, type Socket } from 'node:net'
import { startServer, type RunningServer, type ServerOptions } from '../../../src/cli/serve/server'
import { call, EngineError, push, type ClientMessage, type ClientPort, type Handlers, type HostMessage } from '../../../src/engine/contract'
import { createHost } from '../../../src/engine/host/host'
import { memoryPair } from '../../../src/engine/link'
import { createSurface, type PageFile } from '../../../src/shell'

const contract = { 'echo.say': call<string, string>(), 'echo.flood': call<number, undefined>(), 'echo.tick': push<Uint8Array>() } as const

export interface Fixture {
  readonly server: RunningServer
  readonly token: string
  /** What the fake engine was asked to render. */
  readonly rendered: string[]
  /** Ends every conversation, as a crash does. */
  crashEngine(): void
}

/** Pages: `/` alone. Pictures: `good` alone. Exports: `e1/embeddings.csv` alone, in two parts. */
export async function startFixture(page: PageFile, options: Partial<ServerOptions> = {}): Promise<Fixture> {
  const rendered: string[] = []
  const handlers: Handlers<typeof contract> = {
    'echo.say': (text) => Promise.resolve(`you said ${text}`),
    'echo.flood': (megabytes) => {
      for (let sent = 0; sent < megabytes; sent++) host.push('echo.tick', new Uint8Array(2 ** 20))
      return Promise.resolve(undefined)
    },
  }
  let host = createHost(contract, handlers, (_name, argument) => argument)
  const text = Buffer.from('filename,embedding_0\n')
  const surface = createSurface({
    pages: new Map([['/', page]]),
    engine: () => ({
      'image.render': ({ imageId, maxEdge }) => {
        rendered.push(`${imageId} ${maxEdge}`)
        if (imageId === 'bad-type') return Promise.resolve({ bytes: Buffer.from('<svg/>'), contentType: 'image/svg+xml', width: 1, height: 1 })
        if (imageId !== 'good') return Promise.reject(new EngineError('NOT_FOUND', `no picture ${imageId}`))
        return Promise.resolve({ bytes: Buffer.from('JPEG'), contentType: 'image/jpeg', width: 1, height: 1 })
      },
      'embed.file': ({ exportId, name, offset }) => {
        if (exportId !== 'e1' || name !== 'embeddings.csv') return Promise.reject(new EngineError('NOT_FOUND', 'no such export'))
        return Promise.resolve({ name, bytes: text.subarray(offset, offset + 12), totalBytes: text.length })
      },
    }),
  })
  const openEngine = (): Promise<ClientPort> => {
    const [client, engine] = memoryPair<ClientMessage, HostMessage>()
    host.attach(engine)
    return Promise.resolve(client)
  }
  const server = await startServer({ port: 0, surface, openEngine, ...options })
  return {
    server,
    token: new URL(server.url).searchParams.get('token') ?? '',
    rendered,
    crashEngine: () => {
      const crashed = host
      host = createHost(contract, handlers, (_name, argument) => argument)
      crashed.close()
    },
  }
}

export interface RawResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

function parse(text: string): RawResponse {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]))
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, body: rest.join('\r\n\r\n') }
}

/** Opens a bare TCP connection. */
export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(port, '127.0.0.1', () => {
      resolve(socket)
    })
    socket.on('error', reject)
  })
}

/** Sends exactly `bytes`, and reads until the server closes or, after `101`, until the head is there. */
export async function sendRaw(port: number, bytes: string | Buffer): Promise<RawResponse> {
  const socket = await openSocket(port)
  return new Promise((resolve, reject) => {
    let received = ''
    const finish = (): void => {
      socket.destroy()
      resolve(parse(received))
    }
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      received += chunk
      if (received.startsWith('HTTP/1.1 101') && received.includes('\r\n\r\n')) finish()
    })
    socket.on('end', finish)
    socket.on('close', finish)
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The server may answer and close before it has read everything.
      if (received !== '' || error.code === 'EPIPE' || error.code === 'ECONNRESET') finish()
      else reject(error)
    })
    socket.write(bytes)
  })
}

/** One request with exactly these headers, on a connection of its own. */
export function request(port: number, target: string, headers: readonly string[], method = 'GET', body = ''): Promise<RawResponse> {
  return sendRaw(port, [`${method} ${target} HTTP/1.1`, ...headers, 'Connection: close', '', body].join('\r\n'))
}

/** The head of a WebSocket upgrade with exactly these headers besides the mandatory ones. */
export function upgradeHead(target: string, headers: readonly string[]): string {
  return [`GET ${target} HTTP/1.1`, ...headers, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''].join('\r\n')
}
