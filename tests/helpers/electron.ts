/** @file The one stand-in for Electron: records what main and preload ask of it. Use with `vi.mock('electron', () => import('…/helpers/electron'))`. */
import { EventEmitter } from 'node:events'
import { vi } from 'vitest'

type Handler = (...values: unknown[]) => unknown

/** Handlers that were registered, by what they were registered for. */
export const registered = {
  invoke: new Map<string, Handler>(),
  protocol: new Map<string, (request: Request) => Promise<Response>>(),
  permission: {} as Record<'request' | 'check' | 'device', Handler>,
  exposed: new Map<string, unknown>(),
  opened: [] as string[],
}

/** Channel to listeners of ipcMain.on. */
export const ipcMainEvents = new EventEmitter()
/** Main to page. */
export const ipcRendererEvents = new EventEmitter()

export const app = Object.assign(new EventEmitter(), { getPath: vi.fn(() => '/user-data'), exit: vi.fn() })

export const ipcMain = {
  handle: (channel: string, handler: Handler) => registered.invoke.set(channel, handler),
  on: (channel: string, listener: Handler) => ipcMainEvents.on(channel, listener),
}

export const ipcRenderer = {
  on: (channel: string, listener: Handler) => ipcRendererEvents.on(channel, listener),
  removeListener: (channel: string, listener: Handler) => ipcRendererEvents.off(channel, listener),
  invoke: vi.fn((channel: string) => Promise.resolve(`answer of ${channel}`)),
  postMessage: vi.fn(),
}

export const contextBridge = { exposeInMainWorld: (name: string, value: unknown) => registered.exposed.set(name, value) }
export const webUtils = { getPathForFile: vi.fn(() => '/dropped') }

export const protocol = {
  registerSchemesAsPrivileged: vi.fn(),
  handle: (scheme: string, handler: (request: Request) => Promise<Response>) => registered.protocol.set(scheme, handler),
}

export const session = {
  defaultSession: {
    setPermissionRequestHandler: (handler: Handler) => (registered.permission.request = handler),
    setPermissionCheckHandler: (handler: Handler) => (registered.permission.check = handler),
    setDevicePermissionHandler: (handler: Handler) => (registered.permission.device = handler),
  },
}

export const shell = {
  openExternal: (url: string) => {
    registered.opened.push(url)
    return Promise.resolve()
  },
}

export const dialog = { showOpenDialog: vi.fn(() => Promise.resolve({ canceled: false, filePaths: ['/chosen'] })), showErrorBox: vi.fn() }
export const powerSaveBlocker = { start: vi.fn(() => 7), stop: vi.fn() }

/** Two ports that only know that they belong together. */
export class MessageChannelMain {
  static made = 0
  readonly port1: string
  readonly port2: string
  constructor() {
    const number = ++MessageChannelMain.made
    this.port1 = `port 1 of channel ${number}`
    this.port2 = `port 2 of channel ${number}`
  }
}

export const Menu = { setApplicationMenu: vi.fn(), buildFromTemplate: vi.fn() }
export const screen = { getPrimaryDisplay: vi.fn(), getAllDisplays: vi.fn(() => []) }

/** A window's contents with a main frame at `url`. */
export function fakeContents(url = 'dinoscope://app/') {
  const sent: unknown[] = []
  const mainFrame = { url }
  return Object.assign(new EventEmitter(), {
    mainFrame,
    sent,
    isDestroyed: () => false,
    send: (channel: string, value: unknown) => sent.push([channel, value]),
    setWindowOpenHandler: vi.fn<(handler: (details: { url: string }) => unknown) => void>(),
  })
}

export const BrowserWindow = { fromWebContents: vi.fn(() => null), getAllWindows: vi.fn(() => []) }

/** A utility process whose messages are recorded. */
export class FakeUtilityProcess extends EventEmitter {
  readonly posted: unknown[] = []
  readonly killed: boolean[] = []
  pid: number | undefined
  constructor(
    readonly modulePath: string,
    readonly args: readonly string[],
    readonly serviceName?: string,
  ) {
    super()
  }
  postMessage(message: unknown, ports: readonly unknown[] = []): void {
    this.posted.push(ports.length === 0 ? message : [message, ports])
  }
  kill(): boolean {
    this.killed.push(true)
    return true
  }
}
export const forked: FakeUtilityProcess[] = []
export const utilityProcess = {
  fork: (modulePath: string, args: readonly string[], options?: { readonly serviceName?: string }) => {
    const child = new FakeUtilityProcess(modulePath, args, options?.serviceName)
    forked.push(child)
    return child
  },
}
