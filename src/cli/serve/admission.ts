/** @file Who may talk to the server: decided for every request and upgrade, before any route. Pure. */
import { cookieName, readCookie, sameToken } from './token'

/** The facts of a request that the decision rests on. */
export interface Visitor {
  readonly method: string
  /** As it stood in the request line. */
  readonly url: string
  /** Names and values alternating, as received, so that repeated headers can be told. */
  readonly rawHeaders: readonly string[]
  readonly upgrade: boolean
}

/** What the server knows about itself. */
export interface Gatekeeper {
  readonly port: number
  readonly token: string
  /** Lets in once; stands in for the token where a command line shows it to other users of this machine. */
  readonly openingCode: string | undefined
}

export type Admission =
  | { readonly kind: 'admitted' }
  /** The link was right: put the token into a cookie and the link out of the address bar. */
  | { readonly kind: 'welcome' }
  | { readonly kind: 'refused'; readonly status: 401 | 403 | 405 | 413; readonly reason: string }

const refuse = (status: 401 | 403 | 405 | 413, reason: string): Admission => ({ kind: 'refused', status, reason })
const admitted: Admission = { kind: 'admitted' }

/** Nothing that is served takes a body; what comes with one is either a mistake or an attack. */
export const maxBodyBytes = 64 * 1024

/** All values of one header, in order. */
function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name)
}

function isOwnHost(host: string | undefined, port: number): boolean {
  return host !== undefined && ['localhost', '127.0.0.1', '[::1]'].some((name) => host === `${name}:${port}`)
}

/** What the request carries to be let in, wherever it carries it. */
interface Credentials {
  readonly bearer: string | undefined
  readonly cookie: string | undefined
  readonly link: string | undefined
  readonly code: string | undefined
}

function credentialsOf(visitor: Visitor, { port }: Gatekeeper): Credentials {
  const [authorization] = valuesOf(visitor.rawHeaders, 'authorization')
  const [path = '', query = ''] = visitor.url.split('?', 2)
  const parameters = new URLSearchParams(path === '/' && visitor.method === 'GET' && !visitor.upgrade ? query : '')
  return {
    bearer: authorization?.startsWith('Bearer ') === true ? authorization.slice('Bearer '.length) : undefined,
    cookie: readCookie(valuesOf(visitor.rawHeaders, 'cookie').join('; '), cookieName(port)),
    link: parameters.get('token') ?? undefined,
    code: parameters.get('open') ?? undefined,
  }
}

/**
 * Refuses, in this order: another name for this machine (DNS rebinding), another site's request (CSRF, cross-site
 * WebSocket), a body, a wrong or missing token.
 */
export function admit(visitor: Visitor, gatekeeper: Gatekeeper): Admission {
  const { rawHeaders } = visitor
  const hosts = valuesOf(rawHeaders, 'host')
  const [host] = hosts
  if (hosts.length !== 1 || !isOwnHost(host, gatekeeper.port)) return refuse(403, 'wrong host')
  if (!visitor.url.startsWith('/') || visitor.url.startsWith('//')) return refuse(403, 'wrong form of address')

  const origins = valuesOf(rawHeaders, 'origin')
  if (origins.some((origin) => origin !== `http://${host ?? ''}`)) return refuse(403, 'wrong origin')
  if (valuesOf(rawHeaders, 'sec-fetch-site').some((site) => site !== 'same-origin' && site !== 'none')) return refuse(403, 'another site asked')

  const { bearer, cookie, link, code } = credentialsOf(visitor, gatekeeper)
  // A browser always names the origin of a WebSocket; what does not must show that it is no browser.
  if (visitor.upgrade && origins.length === 0 && bearer === undefined) return refuse(403, 'no origin')

  const bodyBytes = Number(valuesOf(rawHeaders, 'content-length')[0] ?? 0)
  if (!(bodyBytes <= maxBodyBytes)) return refuse(413, 'too large')

  if (code !== undefined) return gatekeeper.openingCode !== undefined && sameToken(code, gatekeeper.openingCode) ? { kind: 'welcome' } : refuse(401, 'the opening link was used before')
  if (link !== undefined) return sameToken(link, gatekeeper.token) ? { kind: 'welcome' } : refuse(401, 'wrong token')
  const token = bearer ?? cookie
  if (token === undefined || !sameToken(token, gatekeeper.token)) return refuse(401, 'no token or a wrong one')
  if (visitor.method !== 'GET' && visitor.method !== 'HEAD') return refuse(405, 'only GET and HEAD')
  return admitted
}
