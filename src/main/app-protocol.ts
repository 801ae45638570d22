/** @file `dinoscope://app/`: the page, its pictures and its exports, answered by the same surface as in `serve`. */
import { Readable } from 'node:stream'
import { protocol } from 'electron'
import { notFound, type SurfaceResponse } from '../shell'
import { appScheme, isAppUrl } from './app-origin'

/** Must run before the app is ready: a standard, secure scheme has an origin, storage and a policy like https. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: appScheme, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } }])
}

async function* chunks(body: SurfaceResponse['body']): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body
  else yield* body
}

function toResponse({ status, headers, body }: SurfaceResponse): Response {
  return new Response(Readable.toWeb(Readable.from(chunks(body))) as ReadableStream<Uint8Array>, { status, headers })
}

/** Answers one request of the page. */
export async function answer(request: Request, surface: (path: string, query: URLSearchParams) => Promise<SurfaceResponse>): Promise<Response> {
  const url = new URL(request.url)
  if (!isAppUrl(request.url) || (request.method !== 'GET' && request.method !== 'HEAD')) return toResponse(notFound)
  return toResponse(await surface(url.pathname, url.searchParams))
}

/** Serves the scheme. */
export function setupAppProtocol(surface: (path: string, query: URLSearchParams) => Promise<SurfaceResponse>): void {
  protocol.handle(appScheme, (request) => answer(request, surface))
}
