/** @file What a page can fetch, the same in both shells: its own files, pictures and exports by opaque id, else one 404. */
import { readFile } from 'node:fs/promises'
import { isEngineError, type Client, type EngineContract, type ExportedFile } from '../engine/contract'
import { commonHeaders, inertPolicy, pagePolicy } from './headers'
import type { PageFile } from './pages'

export interface SurfaceResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
}

export interface SurfaceOptions {
  readonly pages: ReadonlyMap<string, PageFile>
  /** The engine that runs now. @throws EngineError ENGINE_EXITED while none runs */
  readonly engine: () => Pick<Client<EngineContract>, 'image.render' | 'embed.file'>
}

// Nothing is decoded: an id or name that would need it was not made here.
const imageUrl = /^\/image\/([A-Za-z0-9_-]{1,128})$/
const exportUrl = /^\/export\/([A-Za-z0-9_-]{1,128})\/([A-Za-z0-9][A-Za-z0-9._-]{0,99})$/
const imageTypes = new Set(['image/jpeg', 'image/png', 'image/webp'])
const defaultEdge = 512
const maxEdge = 8192

/** A response of fixed text. The text never repeats anything of the request. */
export function textResponse(status: number, text: string, headers: Readonly<Record<string, string>> = {}): SurfaceResponse {
  return {
    status,
    headers: {
      ...commonHeaders,
      'Content-Security-Policy': inertPolicy,
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-store',
      ...headers,
    },
    body: Buffer.from(`${text}\n`),
  }
}

export const notFound = textResponse(404, 'Not found')
const unavailable = textResponse(503, 'The engine is not running', { 'Retry-After': '1' })

async function page(file: PageFile): Promise<SurfaceResponse> {
  return {
    status: 200,
    headers: {
      ...commonHeaders,
      'Content-Security-Policy': pagePolicy,
      'Content-Type': file.contentType,
      'Cache-Control': file.immutable ? 'private, max-age=31536000, immutable' : 'no-cache',
    },
    body: await readFile(file.path),
  }
}

function edgeOf(query: URLSearchParams): number | undefined {
  const text = query.get('edge')
  if (text === null) return defaultEdge
  const edge = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return edge >= 1 && edge <= maxEdge ? edge : undefined
}

/** The parts of an export from `first` on, asked for as the receiver takes them. */
async function* partsOf(first: ExportedFile, ask: (offset: number) => Promise<ExportedFile>): AsyncGenerator<Uint8Array> {
  let sent = 0
  for (let part = first; ; part = await ask(sent)) {
    yield part.bytes
    sent += part.bytes.length
    if (sent >= part.totalBytes || part.bytes.length === 0) return
  }
}

/** Answers one GET for `path` (as it came, without the query). Never throws, and says no to everything the same way. */
export function createSurface({ pages, engine }: SurfaceOptions): (path: string, query: URLSearchParams) => Promise<SurfaceResponse> {
  const image = async (imageId: string, edge: number): Promise<SurfaceResponse> => {
    const picture = await engine()['image.render']({ imageId, maxEdge: edge })
    if (!imageTypes.has(picture.contentType)) return notFound
    return {
      status: 200,
      headers: {
        ...commonHeaders,
        'Content-Security-Policy': inertPolicy,
        'Content-Type': picture.contentType,
        'Cache-Control': 'private, max-age=600',
      },
      body: picture.bytes,
    }
  }

  const exported = async (exportId: string, name: string): Promise<SurfaceResponse> => {
    const ask = (offset: number): Promise<ExportedFile> => engine()['embed.file']({ exportId, name, offset })
    const first = await ask(0)
    return {
      status: 200,
      headers: {
        ...commonHeaders,
        'Content-Security-Policy': inertPolicy,
        'Content-Type': 'application/octet-stream',
        'Content-Disposition': `attachment; filename="${name}"`,
        'Content-Length': String(first.totalBytes),
        'Cache-Control': 'no-store',
      },
      body: partsOf(first, ask),
    }
  }

  return async (path, query) => {
    try {
      const file = pages.get(path)
      if (file !== undefined) return await page(file)
      const [, imageId] = imageUrl.exec(path) ?? []
      const edge = edgeOf(query)
      if (imageId !== undefined) return edge === undefined ? notFound : await image(imageId, edge)
      const [, exportId, name] = exportUrl.exec(path) ?? []
      if (exportId !== undefined && name !== undefined) return await exported(exportId, name)
      return notFound
    } catch (error) {
      return isEngineError(error, 'ENGINE_EXITED') ? unavailable : notFound
    }
  }
}
