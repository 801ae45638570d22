/** @file D7: slow, silent and greedy clients cost little, and others are answered meanwhile. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage } from '../../../src/engine/contract'
import { openSocket, request, sendRaw, startFixture, upgradeHead, type Fixture } from './fixture'

let folder: string
let fixture: Fixture
let port: number
let own: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serve-'))
  await writeFile(join(folder, 'index.html'), '<p>DinoScope</p>')
  fixture = await startFixture({ path: join(folder, 'index.html'), contentType: 'text/html; charset=utf-8', immutable: false }, { requestTimeoutMs: 1500 })
  port = fixture.server.port
  own = [`Host: 127.0.0.1:${port}`, `Cookie: dinoscope-${port}=${fixture.token}`, `Origin: http://127.0.0.1:${port}`]
})
afterAll(async () => {
  await fixture.server.close()
  await rm(folder, { recursive: true })
})

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => undefined)
    if (socket.destroyed) resolve()
    socket.on('close', () => {
      resolve()
    })
  })

/** A client's frame: final, masked with zeros. */
function frame(opcode: number, payload: Uint8Array, flags = 0x80): Buffer {
  const head = payload.length < 126 ? [payload.length | 0x80] : payload.length < 65_536 ? [126 | 0x80, payload.length >> 8, payload.length & 255] : [127 | 0x80, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (payload.length >>> shift) & 255)]
  return Buffer.concat([Buffer.from([flags | opcode, ...head, 0, 0, 0, 0]), payload])
}

async function openPage(): Promise<Socket> {
  const socket = await openSocket(port)
  socket.write(upgradeHead('/engine', own))
  await new Promise<void>((resolve) => {
    socket.once('data', () => {
      resolve()
    })
  })
  return socket
}

/** The close code that the server sends, or undefined when it just ends. */
function closeCode(socket: Socket, send: Buffer): Promise<number | undefined> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0)
    const finish = (code: number | undefined): void => {
      resolve(code)
      socket.destroy()
    }
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received[0] === 0x88 && received.length >= 4) finish(received.readUInt16BE(2))
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      finish(undefined)
    })
    socket.write(send)
  })
}

describe('the server under load', () => {
  it('refuses a body of 100 MB before reading it', async () => {
    const response = await request(port, '/', [...own, 'Content-Type: application/json', 'Content-Length: 104857600'], 'POST', '{"a":')
    expect(response.status).toBe(413)
  })

  it('refuses an endless body', async () => {
    const response = await sendRaw(port, ['POST / HTTP/1.1', ...own, 'Transfer-Encoding: chunked', '', '5', '{"a":', ''].join('\r\n'))
    expect(response.status).toBe(405)
  })

  it.each([
    ['a frame of 64 MB', () => frame(2, new Uint8Array(64 * 2 ** 20)).subarray(0, 100), 1009],
    ['a deflate bomb', () => frame(2, deflateRawSync(new Uint8Array(50 * 2 ** 20)), 0xc0), 1002],
    ['a text frame', () => frame(1, Buffer.from('{}')), 1003],
    ['bytes that are no message', () => frame(2, Buffer.from([9, 9, 9, 9])), 1007],
    ['nesting of 100 000', () => frame(2, nested(100_000)), 1007],
  ])('closes a page that sends %s', async (_title, bytes, code) => {
    expect(await closeCode(await openPage(), bytes())).toBe(code)
  })

  it('answers a page over the socket and tells it when the engine ends', async () => {
    const socket = await openPage()
    const reply = new Promise<Buffer>((resolve) => {
      socket.once('data', resolve)
    })
    socket.write(frame(2, encodeMessage({ kind: 'call', id: '1', name: 'echo.say', argument: 'hello' })))
    const message = decodeMessage((await reply).subarray(2))
    const startedMs = performance.now()
    const ended = closeCode(socket, Buffer.alloc(0))
    fixture.crashEngine()
    expect({ message, code: await ended, soon: performance.now() - startedMs < 2000 }).toEqual({
      message: { kind: 'reply', id: '1', ok: true, value: 'you said hello' },
      code: 1012,
      soon: true,
    })
  })

  it('drops a client that never reads, and not the one that does', async () => {
    const deaf = await openPage()
    const ended = closed(deaf)
    deaf.pause()
    const attentive = await openPage()
    let received = 0
    attentive.on('data', (chunk) => (received += chunk.length))
    const before = process.memoryUsage().rss
    for (let round = 1; round <= 40; round++) {
      attentive.write(frame(2, encodeMessage({ kind: 'call', id: String(round), name: 'echo.flood', argument: 1 })))
      await expect.poll(() => received, { interval: 2 }).toBeGreaterThan(round * 2 ** 20)
    }
    deaf.resume()
    await ended
    expect(attentive.destroyed).toBe(false)
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(300)
    attentive.destroy()
  })

  it('holds no more than 64 pages', async () => {
    const pages: Socket[] = []
    for (let page = 0; page < 64; page++) pages.push(await openPage())
    const refused = await sendRaw(port, upgradeHead('/engine', own))
    for (const page of pages) page.destroy()
    expect(refused.status).toBe(503)
  })

  it('ends 500 clients that never finish asking with 408, and answers others meanwhile', async () => {
    const slow = await Promise.all(Array.from({ length: 500 }, () => openSocket(port)))
    const answers = slow.map(
      (socket) =>
        new Promise<string>((resolve) => {
          let text = ''
          socket.on('error', () => undefined)
          socket.on('data', (chunk) => (text += chunk.toString('latin1')))
          socket.on('close', () => {
            resolve(text.split('\r\n')[0] ?? '')
          })
        }),
    )
    for (const socket of slow) socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX: `)
    const durations: number[] = []
    for (let round = 0; round < 20; round++) {
      const startedMs = performance.now()
      expect((await request(port, '/', own)).status).toBe(200)
      durations.push(performance.now() - startedMs)
    }
    expect(durations.sort((a, b) => a - b)[18]).toBeLessThan(1000)
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['HTTP/1.1 408 Request Timeout']))
  })
})

function nested(depth: number): Uint8Array {
  const text = Buffer.from('['.repeat(depth) + ']'.repeat(depth))
  const head = Buffer.alloc(8)
  head.writeUInt32LE(text.length)
  return Buffer.concat([head, text, Buffer.alloc(8)])
}
