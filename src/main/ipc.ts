/** @file The only importer of ipcMain: every message is from our own page's main frame, or it is refused and told once. */
import { ipcMain, type IpcMainEvent, type IpcMainInvokeEvent, type MessagePortMain, type WebContents } from 'electron'
import { EngineError } from '../engine/contract'
import { isAppUrl } from './app-origin'

type AnyEvent = IpcMainEvent | IpcMainInvokeEvent

const trusted = new WeakSet<WebContents>()
const reported = new Set<string>()

/** Messages from `contents` are listened to from now on. */
export function trust(contents: WebContents): void {
  trusted.add(contents)
}

function isTrusted({ sender, senderFrame }: AnyEvent): boolean {
  return trusted.has(sender) && senderFrame !== null && senderFrame === sender.mainFrame && isAppUrl(senderFrame.url)
}

function report(channel: string): void {
  if (reported.has(channel)) return
  reported.add(channel)
  process.stderr.write(`dinoscope: refused a message on ${channel} from a page that is not the app's\n`)
}

/** Answers requests of the page that take no argument. @throws to the page: EngineError FORBIDDEN for any other sender */
export function handle(channel: string, work: (sender: WebContents) => Promise<unknown>): void {
  ipcMain.handle(channel, async (event) => {
    if (isTrusted(event)) return work(event.sender)
    report(channel)
    throw new EngineError('FORBIDDEN', `${channel}: only the app's own page may ask`)
  })
}

/** Takes a port from the page. A message without exactly one is not ours. */
export function onPort(channel: string, take: (port: MessagePortMain, sender: WebContents) => void): void {
  ipcMain.on(channel, (event) => {
    const [port] = event.ports
    if (isTrusted(event) && port !== undefined && event.ports.length === 1) {
      take(port, event.sender)
      return
    }
    report(channel)
    for (const unwanted of event.ports) unwanted.close()
  })
}

/** Sends to the page, while it exists. */
export function tell(contents: WebContents, channel: string, value: unknown): void {
  if (!contents.isDestroyed()) contents.send(channel, value)
}
