/** @file The localhost server against everything a browser, another site or another program can send. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer } from '../../../src/cli/serve/server'
import { textResponse } from '../../../src/shell'
import { request, sendRaw, startFixture, upgradeHead, type Fixture, type RawResponse } from './fixture'

let folder: string
let fixture: Fixture
let port: number
let host: string
let cookie: string
let origin: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serve-'))
  await writeFile(join(folder, 'index.html'), '<p>DinoScope</p>')
  fixture = await startFixture({ path: join(folder, 'index.html'), contentType: 'text/html; charset=utf-8', immutable: false })
  port = fixture.server.port
  host = `Host: 127.0.0.1:${port}`
  cookie = `Cookie: dinoscope-${port}=${fixture.token}`
  origin = `Origin: http://127.0.0.1:${port}`
})
afterAll(async () => {
  await fixture.server.close()
  await rm(folder, { recursive: true })
})

const fill = (text: string): string => text.replaceAll('PORT', String(port)).replaceAll('OTHER', String(port + 1)).replaceAll('TOKEN', fixture.token)

/** Every response, good or bad, must have these. */
function expectSafe(response: RawResponse): void {
  expect(response.headers).toMatchObject({
    'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    'x-content-type-options': 'nosniff',
    'content-type': expect.stringMatching(/./),
    'referrer-policy': 'no-referrer',
  })
  expect(Object.keys(response.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
}

describe('D1: only under its own name', () => {
  it.each([
    [['Host: evil.com']],
    [['Host: evil.com:PORT']],
    [['Host: localhost.evil.com:PORT']],
    [['Host: 127.0.0.1.nip.io:PORT']],
    [['Host: 0.0.0.0:PORT']],
    [['Host: 127.0.0.1:OTHER']],
    [['Host: 127.0.0.1']],
    [['Host: ']],
    [[]],
    [['Host: 127.0.0.1:PORT', 'Host: evil.com']],
    [['Host: evil.com', 'Host: 127.0.0.1:PORT']],
    [['Host: 127.0.0.1:PORT', 'Host: 127.0.0.1:PORT']],
  ])('refuses %j with 403 on every path, token or not', async (headers) => {
    const hosts = headers.map(fill)
    const responses = await Promise.all([
      request(port, '/', hosts),
      request(port, '/', [...hosts, cookie]),
      request(port, fill('/?token=TOKEN'), hosts),
      request(port, '/image/good', [...hosts, cookie]),
      request(port, '/%zz', [...hosts, cookie]),
      sendRaw(port, upgradeHead('/engine', [...hosts, cookie, origin])),
    ])
    responses.forEach(expectSafe)
    expect(responses.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403])
  })

  it.each(['http://127.0.0.1:PORT/', 'http://evil.com/', '//evil.com/', 'https://127.0.0.1:PORT/image/good'])('refuses the address form %s', async (target) => {
    expect((await request(port, fill(target), [host, cookie])).status).toBe(403)
  })

  it.each(['localhost:PORT', '127.0.0.1:PORT', '[::1]:PORT'])('answers as %s', async (name) => {
    expect((await request(port, '/', [`Host: ${fill(name)}`, cookie])).status).toBe(200)
  })
})

describe('D2: WebSockets only from its own page', () => {
  it.each(['http://evil.com', 'null', 'http://localhost:PORT.evil.com', 'http://localhost:OTHER', 'https://127.0.0.1:PORT', 'http://localhost:PORT', 'file://', 'http://127.0.0.1'])(
    'refuses origin %s',
    async (value) => {
      const response = await sendRaw(port, upgradeHead('/engine', [host, cookie, `Origin: ${fill(value)}`]))
      expectSafe(response)
      expect(response.status).toBe(403)
    },
  )

  it.each([
    ['no origin and no token', [], 403],
    ['no origin and a cookie', ['COOKIE'], 403],
    ['no origin and a wrong bearer token', ['Authorization: Bearer nonsense'], 401],
    ['no origin and the bearer token', ['Authorization: Bearer TOKEN'], 101],
    ['the right origin and no token', ['ORIGIN'], 401],
    ['the right origin and a wrong cookie', ['ORIGIN', 'Cookie: dinoscope-PORT=nonsense'], 401],
    ['the right origin and the cookie', ['ORIGIN', 'COOKIE'], 101],
  ])('answers %s', async (_title, headers, status) => {
    const lines = headers.map((line) => fill(line.replace('ORIGIN', origin).replace('COOKIE', cookie)))
    expect((await sendRaw(port, upgradeHead('/engine', [host, ...lines]))).status).toBe(status)
  })

  it('has one socket and no other', async () => {
    const responses = await Promise.all(['/', '/other', '/engine/', '//engine', '/image/good'].map((target) => sendRaw(port, upgradeHead(target, [host, cookie, origin]))))
    responses.forEach(expectSafe)
    expect(responses.map(({ status }) => status)).toEqual([404, 404, 404, 403, 404])
  })
})

describe('D3: the token', () => {
  it.each(['/', '/index.html', '/image/good', '/export/e1/embeddings.csv', '/engine', '/nothing', '/?token=', '/?token=nonsense', '/image/good?token=TOKEN'])('is needed for %s', async (target) => {
    const responses = [
      await request(port, fill(target), [host]),
      await request(port, fill(target), [host, `Cookie: dinoscope-${port}=${'A'.repeat(43)}`]),
      await request(port, fill(target), [host, 'Authorization: Bearer nonsense']),
      await request(port, fill(target), [host, fill('Cookie: dinoscope-OTHER=TOKEN')]),
    ]
    responses.forEach(expectSafe)
    expect(responses.map(({ status }) => status)).toEqual([401, 401, 401, 401])
  })

  it('has at least 128 bits and is new each time', async () => {
    const other = await startServer({ port: 0, surface: () => Promise.resolve(textResponse(404, 'Not found')), openEngine: () => Promise.reject(new Error('none')) })
    await other.close()
    expect(Buffer.from(fixture.token, 'base64url').length).toBeGreaterThanOrEqual(16)
    expect(new URL(other.url).searchParams.get('token')).not.toBe(fixture.token)
  })

  it('moves from the link into a strict, script-proof cookie', async () => {
    const response = await request(port, fill('/?token=TOKEN'), [host, 'Sec-Fetch-Site: none'])
    expectSafe(response)
    expect({ status: response.status, location: response.headers['location'], cookie: response.headers['set-cookie'], body: response.body.includes(fixture.token) }).toEqual({
      status: 302,
      location: '/',
      cookie: `dinoscope-${port}=${fixture.token}; Path=/; HttpOnly; SameSite=Strict`,
      body: false,
    })
  })

  it('opens the page by cookie or by bearer', async () => {
    const responses = [await request(port, '/', [host, cookie]), await request(port, '/', [host, `Authorization: Bearer ${fixture.token}`])]
    responses.forEach(expectSafe)
    expect(responses.map(({ status, body }) => [status, body])).toEqual([
      [200, '<p>DinoScope</p>'],
      [200, '<p>DinoScope</p>'],
    ])
  })

  it('can be replaced once by an opening link that does not show it', async () => {
    const opening = new URL(fixture.server.openingUrl())
    const target = `${opening.pathname}${opening.search}`
    const statuses = [(await request(port, target, [host])).status, (await request(port, target, [host])).status]
    expect({ shown: target.includes(fixture.token), statuses }).toEqual({ shown: false, statuses: [302, 401] })
  })
})

describe('D4: other sites', () => {
  it.each([
    ['a cross-site form', 'POST', ['Content-Type: application/x-www-form-urlencoded', 'Content-Length: 3', 'Origin: http://evil.com', 'COOKIE'], 'a=b'],
    ['text/plain JSON', 'POST', ['Content-Type: text/plain', 'Content-Length: 2', 'Origin: null', 'COOKIE'], '{}'],
    ['Sec-Fetch-Site: cross-site', 'GET', ['Sec-Fetch-Site: cross-site', 'COOKIE'], ''],
    ['Sec-Fetch-Site: same-site', 'GET', ['Sec-Fetch-Site: same-site', 'COOKIE'], ''],
    ['a CORS preflight', 'OPTIONS', ['Origin: http://evil.com', 'Access-Control-Request-Method: GET', 'COOKIE'], ''],
  ])('refuses %s with 403', async (_title, method, headers, body) => {
    for (const target of ['/', '/image/good', fill('/?token=TOKEN')]) {
      const response = await request(port, target, [host, ...headers.map((line) => line.replace('COOKIE', cookie))], method, body)
      expectSafe(response)
      expect(response.status).toBe(403)
    }
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('takes no %s even from its own page', async (method) => {
    const response = await request(port, '/', [host, cookie, origin, 'Content-Length: 0'], method)
    expectSafe(response)
    expect(response.status).toBe(405)
  })
})

describe('D5: the port', () => {
  it('is said to be in use, not silently replaced', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port: busy } = taken.address() as { port: number }
    const start = startServer({ port: busy, surface: () => Promise.resolve(textResponse(404, 'Not found')), openEngine: () => Promise.reject(new Error('none')) })
    await expect(start).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: `port ${busy} is in use by another program; choose another with --port` })
    taken.close()
  })
})

describe('D6: paths', () => {
  const paths = [
    '/../../etc/passwd',
    '/static/../../etc/passwd',
    '/image/../../etc/passwd',
    '/image/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '/image/%252e%252e%252fetc',
    '/image/..%5c..%5cwindows',
    '/image/C:\\x',
    '/image/\\\\?\\C:\\x',
    '/image/%00',
    '/image/good%00',
    '/image/',
    '/image/good/',
    '/image/Good',
    '/image/closed-workspace',
    '/image/bad-type',
    '/image/good?edge=0',
    '/image/good?edge=-1',
    '/image/good?edge=99999',
    '/image/good?edge=1e3',
    '/image/%zz',
    '/export/e1/..%2fembeddings.csv',
    '/export/e1/.hidden',
    '/export/e1/other.csv',
    '/export/../e1/embeddings.csv',
    '/index.html',
    '/assets/../index.html',
    '/engine',
  ]
  it('gives one and the same answer to everything that is not there', async () => {
    const responses = await Promise.all(paths.map((path) => request(port, path, [host, cookie])))
    responses.forEach(expectSafe)
    const { date: _date, ...headers } = responses[0]?.headers ?? {}
    const expected = { status: 404, body: 'Not found\n', headers }
    expect(responses.map(({ status, body, headers: { date: _, ...others } }) => ({ status, body, headers: others }))).toEqual(paths.map(() => expected))
  })

  it('never asks the engine for what is not an id', () => {
    expect(fixture.rendered.filter((entry) => !/^[A-Za-z0-9_-]+ \d+$/.test(entry))).toEqual([])
  })

  it('gives a picture by its id, inert and re-encoded', async () => {
    const response = await request(port, '/image/good?edge=256', [host, cookie, 'Range: bytes=0-,0-,0-'])
    expectSafe(response)
    expect({ status: response.status, type: response.headers['content-type'], body: response.body, policy: response.headers['content-security-policy']?.includes('sandbox') }).toEqual({
      status: 200,
      type: 'image/jpeg',
      body: 'JPEG',
      policy: true,
    })
    expect(fixture.rendered).toContain('good 256')
  })

  it('gives an export whole, as a download', async () => {
    const response = await request(port, '/export/e1/embeddings.csv', [host, cookie])
    expectSafe(response)
    expect({ status: response.status, body: response.body, disposition: response.headers['content-disposition'] }).toEqual({
      status: 200,
      body: 'filename,embedding_0\n',
      disposition: 'attachment; filename="embeddings.csv"',
    })
  })

  it('answers what is not HTTP with the same headers', async () => {
    const responses = [await sendRaw(port, 'nonsense\r\n\r\n'), await sendRaw(port, `GET / HTTP/1.1\r\n${host}\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`)]
    responses.forEach(expectSafe)
    expect(responses.map(({ status }) => status)).toEqual([400, 431])
  })
})
