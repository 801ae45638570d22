/** @file A download from a server that misbehaves: cut, resumed, refused, lied to; and the disk afterwards. */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Progress } from '../../../../src/engine/contract'
import { downloadFile } from '../../../../src/engine/weights'
import { randomStream } from '../../../../src/engine/tensor'
import { temporaryFolder } from '../../../helpers/folders'
import { startRudeServer, type Manners, type RudeServer } from '../../../helpers/rude-server'
import { thrownBy } from '../../../helpers/thrown'

const size = 3_000_017
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Bytes of no pattern. */
function noise(seed: number): Buffer {
  const random = randomStream(seed)
  return Buffer.from(Uint8Array.from({ length: size }, () => Math.floor(256 * random.uniform())))
}
const content = noise(1)
const other = noise(2)

let server: RudeServer
let folder: string
beforeEach(async () => {
  server = await startRudeServer(content)
  folder = await temporaryFolder()
})
afterEach(() => server.stop())

interface Wishes {
  readonly sha256?: string
  readonly sizeBytes?: number
  readonly waits?: readonly number[]
  readonly signal?: AbortSignal
  readonly events?: Progress[]
}
const target = (): string => join(folder, 'weights.pth')
const get = ({ sha256 = hashOf(content), sizeBytes, waits = [1, 1, 1], signal = new AbortController().signal, events = [] }: Wishes = {}): Promise<string> =>
  downloadFile({ url: `${server.url}/weights.pth`, path: target(), sha256, sizeBytes, waits }, { signal, emit: (event) => events.push(event) })
/** Names in the folder. */
const names = async (): Promise<string[]> => (await readdir(folder)).sort()
const always = (manners: Manners) => (): Manners => manners

describe('a download', () => {
  it('is the file, with its hash, and nothing beside it', async () => {
    const events: Progress[] = []
    expect(await get({ sizeBytes: size, events })).toBe(hashOf(content))
    expect([await names(), (await readFile(target())).equals(content), events.at(-1)]).toMatchObject([['weights.pth'], true, { done: size, total: size, value: 1 }])
  })

  it('comes whole through a line that is cut at random places twenty times, each byte once', async () => {
    const random = randomStream(7)
    const cuts = Array.from({ length: 20 }, () => Math.floor((random.uniform() * size) / 12))
    server.manners = (request) => (request < cuts.length ? { kind: 'cut', after: cuts[request]! } : { kind: 'serve' })
    const events: Progress[] = []
    expect(await get({ events })).toBe(hashOf(content))
    expect((await readFile(target())).equals(content)).toBe(true)
    expect(server.seen.length).toBe(21)
    // Each try began where the last one had broken off.
    const starts = server.seen.map((line) => Number(/bytes=(\d+)/.exec(line)?.[1] ?? 0))
    expect(starts.every((start, index) => start >= (starts[index - 1] ?? 0))).toBe(true)
    expect(starts.at(-1)).toBeGreaterThan(size / 4)
  })

  it('goes on after a restart of the program, twenty times over', async () => {
    const random = randomStream(8)
    for (let time = 0; time < 20; time++) {
      const after = Math.floor((random.uniform() * size) / 12)
      server.manners = always({ kind: 'cut', after })
      // The line that is cut again and again brings nothing new after the first time, so that it gives up.
      server.manners = (request) => (request === server.seen.length && request % 2 === 0 ? { kind: 'cut', after } : { kind: 'status', status: 404 })
      expect(await thrownBy(() => get({ waits: [1] }))).toMatchObject({ code: 'NETWORK' })
    }
    expect(await stat(target()).catch(() => undefined)).toBeUndefined()
    server.manners = always({ kind: 'serve' })
    expect(await get()).toBe(hashOf(content))
    expect((await readFile(target())).equals(content)).toBe(true)
  })

  it('begins anew where the server has another file by now, or knows no ranges', async () => {
    server.manners = (request) => (request === 0 ? { kind: 'cut', after: 900_000 } : { kind: 'status', status: 404 })
    await thrownBy(() => get({ waits: [1] }))
    server.content = other
    server.manners = always({ kind: 'serve' })
    expect(await get({ sha256: hashOf(other) })).toBe(hashOf(other))

    const second = await temporaryFolder()
    const path = join(second, 'again.pth')
    server.manners = (request) => (request % 2 === 0 ? { kind: 'cut', after: 500_000 } : { kind: 'no-range' })
    server.seen.length = 0
    expect(await downloadFile({ url: `${server.url}/again.pth`, path, sha256: undefined, sizeBytes: undefined, waits: [1] }, { signal: new AbortController().signal, emit: () => undefined })).toBe(hashOf(other))
  })

  it('finds the file complete when only its name was missing', async () => {
    server.manners = always({ kind: 'serve' })
    const aborted = new AbortController()
    // Cancelled on the last byte: everything has come.
    await thrownBy(() => get({ signal: aborted.signal, events: { push: ({ done }: Progress) => { if (done === size) aborted.abort(new Error('stop')); return 0 } } as unknown as Progress[] }))
    expect(await get()).toBe(hashOf(content))
    expect(server.seen.at(-1)).toContain(`bytes=${size}-`)
  })

  it.each([
    ['another file', { kind: 'serve' }, 'MODEL_DAMAGED', /not the one that was expected/, 'f'.repeat(64)],
    ['a login page', { kind: 'portal', contentType: 'text/html; charset=utf-8' }, 'NETWORK', /log in, and try again/, undefined],
    ['a login page that says it is a file', { kind: 'portal', contentType: 'application/octet-stream' }, 'NETWORK', /log in, and try again/, undefined],
    ['nothing there', { kind: 'status', status: 404 }, 'NETWORK', /no such file \(404\)/, undefined],
    ['a locked door', { kind: 'status', status: 403 }, 'NETWORK', /in a browser and import it/, undefined],
    ['a server that is ill', { kind: 'status', status: 503 }, 'NETWORK', /answered 503/, undefined],
    ['a way round in a circle', { kind: 'redirect', location: '/weights.pth' }, 'NETWORK', /without end/, undefined],
    ['a way to a file of this machine', { kind: 'redirect', location: 'file:///etc/passwd' }, 'NETWORK', /not to an address/, undefined],
  ] as const)('says what to do about %s, and leaves no file', async (_what, manners, code, message, sha256) => {
    server.manners = always(manners)
    expect(await thrownBy(() => get(sha256 === undefined ? {} : { sha256 }))).toMatchObject({ code, message: expect.stringMatching(message) as string })
    expect(await stat(target()).catch(() => undefined)).toBeUndefined()
    // A file that is not there is not asked for again and again; an ill server is.
    if (manners.kind === 'status') expect(server.seen.length).toBe(manners.status === 503 ? 4 : 1)
  })

  it('says that the server cannot be reached', async () => {
    await server.stop()
    expect(await thrownBy(() => get())).toMatchObject({ code: 'NETWORK', message: expect.stringContaining('refused the connection') as string })
    server = await startRudeServer(content)
  })

  it('keeps what has come when it is cancelled, and goes on from there', async () => {
    const aborted = new AbortController()
    server.manners = always({ kind: 'cut', after: 1_500_000 })
    const events = { push: ({ done }: Progress) => { if (done > 400_000) aborted.abort(new Error('stop')); return 0 } } as unknown as Progress[]
    expect(await thrownBy(() => get({ signal: aborted.signal, events, waits: [1] }))).toMatchObject({ message: 'stop' })
    server.manners = always({ kind: 'serve' })
    server.seen.length = 0
    expect(await get()).toBe(hashOf(content))
    expect(server.seen[0]).not.toContain('whole')
  })

  it('refuses before it begins when the disk has no room, naming how much is missing', async () => {
    server.manners = always({ kind: 'claim', bytes: 1e15 })
    expect(await thrownBy(() => get())).toMatchObject({ code: 'DISK', message: expect.stringMatching(/weights\.pth\S* needs 1000000000 MB more, and .* has \d+ MB free; make room/) as string })
    expect(await names()).toEqual([])
  })

  it('says so when the disk takes no more, and keeps what is there', async () => {
    // A file where the folder should be: nothing can be written below it.
    await writeFile(join(folder, 'blocked'), '')
    expect(await thrownBy(() => downloadFile({ url: `${server.url}/a`, path: join(folder, 'blocked', 'a.pth'), sha256: undefined, sizeBytes: undefined }, { signal: new AbortController().signal, emit: () => undefined }))).toMatchObject({ code: 'DISK' })
  })
})
