/** @file A file server on this machine that misbehaves as it is told. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What is done with one request, instead of or on top of serving the file. */
export type Manners =
  | { readonly kind: 'serve' }
  /** Ends the line after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly after: number }
  | { readonly kind: 'status'; readonly status: number; readonly body?: string; readonly contentType?: string }
  /** A login page, as if it were the file. */
  | { readonly kind: 'portal'; readonly contentType: string }
  /** Says that the file has so many bytes. */
  | { readonly kind: 'claim'; readonly bytes: number }
  | { readonly kind: 'redirect'; readonly location: string }
  /** The whole file, whatever was asked for. */
  | { readonly kind: 'no-range' }

export interface RudeServer {
  readonly url: string
  /** One line per request: method, range. */
  readonly seen: string[]
  /** The file, which may become another one. */
  content: Buffer
  /** For the next request and those that follow. */
  manners: (request: number) => Manners
  stop(): Promise<void>
}

function serve(request: IncomingMessage, response: ServerResponse, content: Buffer, { cut, ranges }: { readonly cut: number; readonly ranges: boolean }): void {
  const etag = `"${createHash('sha1').update(content).digest('hex')}"`
  const [, start] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? []
  const wanted = ranges && start !== undefined && (request.headers['if-range'] === undefined || request.headers['if-range'] === etag)
  const from = wanted ? Number(start) : 0
  if (from > content.length || (wanted && from === content.length)) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end()
    return
  }
  const part = content.subarray(from)
  response.writeHead(wanted ? 206 : 200, {
    etag,
    'content-type': 'application/octet-stream',
    'content-length': part.length,
    ...(wanted ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {}),
  })
  if (cut >= part.length) response.end(part)

  // What was written arrives before the line goes.
  else response.write(part.subarray(0, cut), () => request.socket.end())
}

/** Serves `content` under every path, politely until told otherwise. */
export async function startRudeServer(content: Buffer): Promise<RudeServer> {
  const server = createServer((request, response) => {
    const manners = rude.manners(rude.seen.length)
    rude.seen.push(`${request.url ?? ''} ${request.headers.range ?? 'whole'}`)
    switch (manners.kind) {
      case 'serve':
      case 'no-range':
        serve(request, response, rude.content, { cut: Infinity, ranges: manners.kind === 'serve' })
        return
      case 'cut':
        serve(request, response, rude.content, { cut: manners.after, ranges: true })
        return
      case 'status':
        response.writeHead(manners.status, { 'content-type': manners.contentType ?? 'text/plain' }).end(manners.body ?? 'no')
        return
      case 'portal':
        response.writeHead(200, { 'content-type': manners.contentType }).end('<!DOCTYPE html><html><body>Please log in</body></html>')
        return
      case 'claim':
        response.writeHead(200, { 'content-length': manners.bytes }).write('some')
        return
      case 'redirect':
        response.writeHead(302, { location: manners.location }).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const rude: RudeServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    content,
    manners: () => ({ kind: 'serve' }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => { resolve() })
        server.closeAllConnections()
      }),
  }
  return rude
}
