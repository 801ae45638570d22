/** @file One request for a file or for the rest of it, over whatever proxy the environment names. */
import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici'
import { EngineError, messageOf } from '../../contract'

export interface FileResponse {
  /** 200 the whole file, 206 the rest of it, 416 there is no rest. */
  readonly status: 200 | 206 | 416
  /** Where the body begins in the file. */
  readonly rangeStart: number
  /** Of the whole file; undefined where the server does not say. */
  readonly totalBytes: number | undefined
  readonly contentType: string
  /** What tells this file from another under the same address. */
  readonly validator: string | undefined
  readonly body: AsyncIterable<Uint8Array>
  /** Lets go of what has not been read. */
  discard(): Promise<void>
}

export interface FileRequest {
  readonly from: number
  /** Of the file that was begun. */
  readonly validator: string | undefined
  readonly signal: AbortSignal
}

const connectMs = 20_000
/** A line on which nothing comes for so long is dead. */
const silenceMs = 30_000
const mostRedirects = 5
/** Bytes that wait for the disk, about. */
const mostWaiting = 4 * 2 ** 20

let agent: Dispatcher | undefined
/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY are heeded. */
function dispatcher(): Dispatcher {
  agent ??= new EnvHttpProxyAgent({ connectTimeout: connectMs, headersTimeout: silenceMs, bodyTimeout: silenceMs })
  return agent
}

/** @param final whether another try cannot help */
function failure(url: string, what: string, final: boolean, cause?: unknown): EngineError {
  return new EngineError('NETWORK', `${url}: ${what}`, { detail: { url, final }, cause })
}

const hints: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the server’s name cannot be found; is this computer online? A file that you have can be imported without a network',
  EAI_AGAIN: 'the server’s name cannot be found now; is this computer online? A file that you have can be imported without a network',
  ECONNREFUSED: 'the server refused the connection; a proxy or a mirror that is set may be wrong',
  ECONNRESET: 'the line was cut',
  UND_ERR_SOCKET: 'the line was cut',
  UND_ERR_CONNECT_TIMEOUT: 'the server does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'the server does not answer',
  UND_ERR_BODY_TIMEOUT: 'nothing has come for half a minute',
}

function toFailure(url: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error
  const { code = '' } = error as { readonly code?: string }
  return failure(url, hints[code] ?? `the file cannot be fetched: ${messageOf(error)}`, false, error)
}

function statusFailure(url: string, status: number): EngineError {
  if (status === 404 || status === 410) return failure(url, `the server has no such file (${status}); the catalogue may be old, or a mirror that is set may lack it`, true)
  if (status === 401 || status === 403) return failure(url, `the server does not give this file to everyone (${status}); download it in a browser and import it`, true)
  if (status === 407) return failure(url, 'the proxy asks for a password (407); set HTTPS_PROXY with it', true)
  return failure(url, `the server answered ${status}`, status < 500 && status !== 429 && status !== 408)
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value)

/** What follows a redirect, resolved against where it came from. @throws EngineError NETWORK */
function nextUrl(url: string, location: string | undefined): string {
  const next = location === undefined || !URL.canParse(location, url) ? undefined : new URL(location, url)
  if (next === undefined || (next.protocol !== 'https:' && next.protocol !== 'http:')) throw failure(url, 'the server sends elsewhere, but not to an address that can be read', true)
  if (new URL(url).protocol === 'https:' && next.protocol !== 'https:') throw failure(url, `the server sends to an address that is not protected: ${next.href}`, true)
  return next.href
}

/**
 * What comes over a line, all of it: a stream that breaks forgets what it has not handed out, so it is taken at once.
 */
function everything(url: string, body: Dispatcher.ResponseData['body']): AsyncIterable<Uint8Array> {
  const waiting: Uint8Array[] = []
  let bytes = 0
  let end: { readonly error: unknown } | 'whole' | undefined
  let wake: () => void = () => undefined
  const finish = (how: typeof end): void => {
    end ??= how
    wake()
  }
  body.on('data', (chunk: Uint8Array) => {
    waiting.push(chunk)
    bytes += chunk.length
    if (bytes > mostWaiting) body.pause()
    wake()
  })
  body.on('end', () => { finish('whole') })
  body.on('error', (error) => { finish({ error }) })
  body.on('close', () => { finish({ error: Object.assign(new Error('the line was closed'), { code: 'ECONNRESET' }) }) })
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const chunk = waiting.shift()
        if (chunk !== undefined) {
          bytes -= chunk.length
          if (bytes < mostWaiting / 2) body.resume()
          yield chunk
        } else if (end === 'whole') return
        else if (end !== undefined) throw toFailure(url, end.error)
        else await new Promise<void>((resolve) => { wake = resolve })
      }
    },
  }
}

/**
 * Asks for a file from a byte on.
 * @throws EngineError NETWORK; `detail.final` where another try cannot help; the signal's reason
 */
export async function openResponse(url: string, { from, validator, signal }: FileRequest, redirects = 0): Promise<FileResponse> {
  if (!URL.canParse(url)) throw failure(url, 'this is no address', true)
  const headers: Record<string, string> = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'DinoScope' }
  if (from > 0) {
    headers['range'] = `bytes=${from}-`
    if (validator !== undefined) headers['if-range'] = validator
  }
  let response: Dispatcher.ResponseData
  try {
    response = await request(url, { dispatcher: dispatcher(), headers, signal })
  } catch (error) {
    signal.throwIfAborted()
    throw toFailure(url, error)
  }
  const { statusCode: status, headers: got, body } = response
  const discard = async (): Promise<void> => {
    body.on('error', () => undefined)
    body.destroy()
    await Promise.resolve()
  }
  if (status >= 300 && status < 400) {
    await discard()
    if (redirects >= mostRedirects) throw failure(url, 'the server sends from one place to the next without end', true)
    return openResponse(nextUrl(url, one(got['location'])), { from, validator, signal }, redirects + 1)
  }
  if (status !== 200 && status !== 206 && status !== 416) {
    await discard()
    throw statusFailure(url, status)
  }
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(one(got['content-range']) ?? '') ?? []
  const length = Number(one(got['content-length']) ?? NaN)
  const tag = one(got['etag'])
  return {
    status,
    rangeStart: status === 206 ? Number(start ?? NaN) : 0,
    totalBytes: status === 206 ? (total === undefined || total === '*' ? undefined : Number(total)) : Number.isFinite(length) ? length : undefined,
    contentType: (one(got['content-type']) ?? '').toLowerCase(),
    // A weak tag says nothing of single bytes.
    validator: tag !== undefined && !tag.startsWith('W/') ? tag : one(got['last-modified']),
    body: everything(url, body),
    discard,
  }
}
