/** @file The HTTP and WebSocket server: lets in or refuses, then hands to the surface or to the engine. */
import { Readable } from 'node:stream'
import type { AddressInfo, Socket } from 'node:net'
import websocket from '@fastify/websocket'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { EngineError, messageOf, type ClientPort } from '../../engine/contract'
import { joinPorts, webSocketPort, type ServerSocket } from '../../engine/link'
import { missingHeaders, notFound, textResponse, type SurfaceResponse } from '../../shell'
import { admit, maxBodyBytes, type Admission } from './admission'
import { createToken, tokenCookie } from './token'

/** The one path that is a WebSocket. */
export const socketPath = '/engine'

export interface ServerOptions {
  /** 0 takes any free port. */
  readonly port: number
  readonly surface: (path: string, query: URLSearchParams) => Promise<SurfaceResponse>
  /** A new conversation with the engine, when it runs. @throws EngineError ENGINE_EXITED when it will not */
  readonly openEngine: () => Promise<ClientPort>
  readonly token?: string
  /** How long a client may take to say what it wants, milliseconds. */
  readonly requestTimeoutMs?: number
}

export interface RunningServer {
  readonly port: number
  /** The address with the token; the only place the token is shown. */
  readonly url: string
  /** An address that works once, for handing to another program. */
  openingUrl(): string
  close(): Promise<void>
}

/** The largest request is a training plan that names 100 000 pictures. */
const maxFrameBytes = 6 * 2 ** 20
const maxSockets = 64
const idleTimeoutMs = 60_000

async function send(reply: FastifyReply, response: SurfaceResponse): Promise<FastifyReply> {
  const { body } = response
  void reply.code(response.status).headers(response.headers)
  return reply.send(body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : Readable.from(body, { objectMode: false }))
}

/** What Node's own HTTP parser refuses gets the same headers as everything else. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const { code } = error
  const [status, text] = code === 'ERR_HTTP_REQUEST_TIMEOUT' ? [408, 'Request Timeout'] : code === 'HPE_HEADER_OVERFLOW' ? [431, 'Request Header Fields Too Large'] : [400, 'Bad Request']
  const { headers, body } = textResponse(status, text, { Connection: 'close' })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${text}`, ...lines, '', Buffer.from(body as Uint8Array).toString()].join('\r\n'))
}

function refusal(admission: Exclude<Admission, { kind: 'admitted' }>, cookie: string): SurfaceResponse {
  if (admission.kind === 'welcome') return textResponse(302, 'Welcome', { Location: '/', 'Set-Cookie': cookie })
  const text = admission.status === 401 ? 'Open the link that DinoScope printed when it started.' : `Refused: ${admission.reason}`
  return textResponse(admission.status, text, { Connection: 'close' })
}

async function serveSocket(socket: ServerSocket, openEngine: () => Promise<ClientPort>): Promise<void> {
  const page = webSocketPort(socket)
  // What the page sends while the engine is being restarted waits in the socket.
  socket.pause()
  try {
    joinPorts(page, await openEngine(), page.end)
  } catch (error) {
    page.end(messageOf(error))
  }
  socket.resume()
}

/** What changes while the server runs. */
interface Door {
  port: number
  readonly token: string
  openingCode: string | undefined
}

async function buildServer(options: ServerOptions, door: Door): Promise<FastifyInstance> {
  const requestTimeout = options.requestTimeoutMs ?? 10_000
  const app = fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    requestTimeout,
    connectionTimeout: idleTimeoutMs,
    keepAliveTimeout: 5000,
    forceCloseConnections: true,
    // A request without a Host header is refused by the same rule as one with a wrong one.
    http: { requireHostHeader: false, headersTimeout: requestTimeout, connectionsCheckingInterval: Math.min(1000, requestTimeout) },
    clientErrorHandler: answerBrokenRequest,
    // The router decodes and normalises paths; it gets none of ours, so nothing can be hidden from the allow-list.
    rewriteUrl: (request) => (request.url?.split('?', 1)[0] === socketPath ? socketPath : '/'),
  })
  await app.register(websocket, { options: { maxPayload: maxFrameBytes, perMessageDeflate: false } })

  app.addHook('onRequest', async (request, reply) => {
    const { raw } = request
    const admission = admit({ method: raw.method ?? '', url: request.originalUrl, rawHeaders: raw.rawHeaders, upgrade: request.ws }, door)
    if (admission.kind === 'welcome') door.openingCode = undefined
    if (admission.kind !== 'admitted') return send(reply, refusal(admission, tokenCookie(door.port, door.token)))
    // The plugin would upgrade on any route.
    if (request.ws && raw.url !== socketPath) return send(reply, notFound)
    if (request.ws && app.websocketServer.clients.size >= maxSockets) return send(reply, textResponse(503, 'Too many pages are open'))
    return undefined
  })
  // A response that would leave without its protection does not leave.
  app.addHook('onSend', async (_request, reply, payload) => {
    const missing = missingHeaders((name) => reply.getHeader(name))
    if (missing.length === 0) return payload
    throw new EngineError('INTERNAL', `a response lacks ${missing.join(', ')}`)
  })

  const surface = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const [path = '', query = ''] = request.originalUrl.split('?', 2)
    return send(reply, await options.surface(path, new URLSearchParams(query)))
  }
  app.get('/', surface)
  app.route({
    method: 'GET',
    url: socketPath,
    handler: surface,
    wsHandler: (socket) => {
      void serveSocket(socket, options.openEngine)
    },
  })
  app.setNotFoundHandler(async (_request, reply) => send(reply, notFound))
  app.setErrorHandler(async (error, _request, reply) => {
    process.stderr.write(`dinoscope serve: ${messageOf(error)}\n`)
    return send(reply, textResponse(500, 'Something went wrong'))
  })
  return app
}

/**
 * Listens on 127.0.0.1 alone.
 * @throws EngineError ALREADY_EXISTS when the port is taken
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const door: Door = { port: options.port, token: options.token ?? createToken(), openingCode: undefined }
  const app = await buildServer(options, door)
  try {
    await app.listen({ host: '127.0.0.1', port: options.port })
  } catch (error) {
    await app.close()
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new EngineError('ALREADY_EXISTS', `port ${options.port} is in use by another program; choose another with --port`, { detail: { port: options.port }, cause: error })
  }
  door.port = (app.server.address() as AddressInfo).port
  const address = `http://127.0.0.1:${door.port}/`
  return {
    port: door.port,
    url: `${address}?token=${door.token}`,
    openingUrl: () => {
      door.openingCode = createToken()
      return `${address}?open=${door.openingCode}`
    },
    close: () => app.close(),
  }
}
