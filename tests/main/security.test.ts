/** @file What the desktop shell refuses: foreign senders, navigation, windows, permissions, addresses. */
import { describe, expect, it, vi } from 'vitest'
import type { MessagePortMain, WebContents } from 'electron'
import * as electron from '../helpers/electron'
import { isAppUrl, isExternalUrl } from '../../src/main/app-origin'
import { answer, registerAppScheme, setupAppProtocol } from '../../src/main/app-protocol'
import { handle, onPort, trust } from '../../src/main/ipc'
import { setupNavigation } from '../../src/main/navigation'
import { setupPermissions } from '../../src/main/permissions'
import { notFound, textResponse } from '../../src/shell'

vi.mock('electron', () => import('../helpers/electron'))

describe('isAppUrl', () => {
  it.each([
    ['dinoscope://app/', true],
    ['dinoscope://app/index.html#/library', true],
    ['dinoscope://app.evil.com/', false],
    ['dinoscope://user@app/', false],
    ['dinoscope://other/', false],
    ['https://app/', false],
    ['file:///etc/passwd', false],
    ['about:blank', false],
    ['', false],
  ])('%s: %s', (url, expected) => {
    expect(isAppUrl(url)).toBe(expected)
  })
})

describe('isExternalUrl', () => {
  it.each([
    ['https://arxiv.org/abs/2304.07193', true],
    ['http://arxiv.org/', false],
    ['https://arxiv.org.evil.com/', false],
    ['https://arxiv.org:8443/', false],
    ['https://arxiv.org@evil.com/', false],
    ['https://me@arxiv.org/', false],
    ['file:///etc/passwd', false],
    ['smb://arxiv.org/share', false],
    ['ms-msdt:/id', false],
    ['javascript:alert(1)', false],
  ])('%s: %s', (url, expected) => {
    expect(isExternalUrl(url)).toBe(expected)
  })
})

const asContents = (contents: ReturnType<typeof electron.fakeContents>): WebContents => contents as unknown as WebContents

describe('messages from pages', () => {
  const told: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0)
  const own = electron.fakeContents()
  trust(asContents(own))
  const event = (sender: ReturnType<typeof electron.fakeContents>, senderFrame: { url: string } | null = sender.mainFrame, ports: unknown[] = []) => ({ sender, senderFrame, ports })
  const strangers = [
    ['a page of another window', event(electron.fakeContents())],
    ['a subframe', event(own, { url: 'dinoscope://app/' })],
    ['a frame that is gone', event(own, null)],
  ] as const

  it('answers the own page', async () => {
    handle('test:ask', () => Promise.resolve('answer'))
    expect(await electron.registered.invoke.get('test:ask')?.(event(own))).toBe('answer')
  })

  it.each(strangers)('refuses %s', async (_title, stranger) => {
    const work = vi.fn(() => Promise.resolve('answer'))
    handle('test:ask', work)
    await expect(electron.registered.invoke.get('test:ask')?.(stranger)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(work).not.toHaveBeenCalled()
  })

  it('refuses the own window after it has gone elsewhere', async () => {
    const moved = electron.fakeContents('about:blank')
    trust(asContents(moved))
    handle('test:ask', () => Promise.resolve('answer'))
    await expect(electron.registered.invoke.get('test:ask')?.(event(moved))).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('takes one port from the own page, and closes every other', () => {
    const taken: MessagePortMain[] = []
    onPort('test:port', (port) => taken.push(port))
    const ports = Array.from({ length: 5 }, () => ({ close: vi.fn() }))
    electron.ipcMainEvents.emit('test:port', event(own, own.mainFrame, [ports[0]]))
    electron.ipcMainEvents.emit('test:port', event(own, own.mainFrame, [ports[1], ports[2]]))
    electron.ipcMainEvents.emit('test:port', event(electron.fakeContents(), undefined, [ports[3]]))
    electron.ipcMainEvents.emit('test:port', event(own, null, [ports[4]]))
    electron.ipcMainEvents.emit('test:port', event(own))
    expect({ taken, closed: ports.map(({ close }) => close.mock.calls.length) }).toEqual({ taken: [ports[0]], closed: [0, 1, 1, 1, 1] })
  })

  it('tells of each refused channel once', () => {
    expect(told).toEqual(['test:ask', 'test:port'].map((channel) => `dinoscope: refused a message on ${channel} from a page that is not the app's\n`))
  })
})

describe('navigation', () => {
  const contents = electron.fakeContents()
  setupNavigation()
  electron.app.emit('web-contents-created', {}, contents)

  it.each([
    ['will-navigate', 'https://evil.com', true],
    ['will-navigate', 'file:///etc/passwd', true],
    ['will-navigate', 'dinoscope://app/#/library', false],
    ['will-redirect', 'https://evil.com', true],
    ['will-frame-navigate', 'https://evil.com', true],
    ['will-attach-webview', 'dinoscope://app/', true],
  ])('%s to %s is prevented: %s', (name, url, prevented) => {
    const event = { url, preventDefault: vi.fn() }
    contents.emit(name, event)
    expect(event.preventDefault.mock.calls.length).toBe(prevented ? 1 : 0)
  })

  it('opens no window, and only known links elsewhere', () => {
    const [open] = contents.setWindowOpenHandler.mock.calls[0] ?? []
    const answers = ['https://evil.com', 'file:///etc/passwd', 'https://arxiv.org/abs/2104.14294'].map((url) => open?.({ url }))
    expect({ answers, opened: electron.registered.opened }).toEqual({ answers: Array.from({ length: 3 }, () => ({ action: 'deny' })), opened: ['https://arxiv.org/abs/2104.14294'] })
  })
})

describe('permissions', () => {
  it.each([
    ['media', false],
    ['geolocation', false],
    ['notifications', false],
    ['openExternal', false],
    ['fileSystem', false],
    ['clipboard-read', false],
    ['clipboard-sanitized-write', true],
  ])('%s is granted: %s', (permission, granted) => {
    setupPermissions()
    const { request, check, device } = electron.registered.permission
    const answers: unknown[] = []
    request({}, permission, (allowed: unknown) => answers.push(allowed))
    expect([...answers, check({}, permission), device({})]).toEqual([granted, granted, false])
  })
})

describe('the app protocol', () => {
  it('is standard and secure', () => {
    registerAppScheme()
    expect(electron.protocol.registerSchemesAsPrivileged.mock.calls[0]).toEqual([[{ scheme: 'dinoscope', privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } }]])
  })

  it('answers from the surface with its status, headers and bytes', async () => {
    const asked: unknown[] = []
    setupAppProtocol((path, query) => {
      asked.push([path, query.get('edge')])
      return Promise.resolve(textResponse(200, 'hello'))
    })
    const response = await electron.registered.protocol.get('dinoscope')?.(new Request('dinoscope://app/image/abc?edge=256'))
    expect({ asked, status: response?.status, type: response?.headers.get('content-type'), nosniff: response?.headers.get('x-content-type-options'), body: await response?.text() }).toEqual({
      asked: [['/image/abc', '256']],
      status: 200,
      type: 'text/plain; charset=utf-8',
      nosniff: 'nosniff',
      body: 'hello\n',
    })
  })

  it.each([
    ['dinoscope://evil/image/abc', 'GET'],
    ['dinoscope://app/image/abc', 'POST'],
  ])('has nothing at %s by %s', async (url, method) => {
    const surface = vi.fn(() => Promise.resolve(textResponse(200, 'hello')))
    const response = await answer(new Request(url, { method }), surface)
    expect({ status: response.status, body: await response.text(), asked: surface.mock.calls }).toEqual({ status: 404, body: Buffer.from(notFound.body as Uint8Array).toString(), asked: [] })
  })
})
