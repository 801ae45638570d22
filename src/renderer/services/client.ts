/** @file The page's one connection to the engine. Stores take the client from here; nothing else talks to a transport. */
import { connect, engineContract, type Client, type Connection, type EngineContract } from '../../engine/contract'
import { desktopBridge } from './bridge'
import { createBridgePort, createSocketPort } from './ports'

export type EngineClient = Client<EngineContract>
export type EngineConnection = Connection<EngineContract>

let current: EngineConnection | undefined

/** Opens the transport of this home: the desktop bridge, or a WebSocket beside the page. */
export function openConnection(): EngineConnection {
  const bridge = desktopBridge()
  const port = bridge === undefined ? createSocketPort(new WebSocket(socketUrl(document.baseURI))) : createBridgePort(bridge.engine)
  return connect(engineContract, port)
}

/** `ws(s)://…/engine` beside the page. */
export function socketUrl(base: string): string {
  const url = new URL('engine', base)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  url.hash = ''
  return url.href
}

/** Makes `connection` the one that every store uses. */
export function provideConnection(connection: EngineConnection): void {
  current = connection
}

/** The connection of this page. */
export function useConnection(): EngineConnection {
  if (current === undefined) throw new Error('useConnection: no connection has been provided yet')
  return current
}

/** The engine's functions. */
export function useClient(): EngineClient {
  return useConnection().client
}

/** Whether a server answers at the page's address, for the offer to reconnect. */
export async function serverAnswers(): Promise<boolean> {
  if (desktopBridge() !== undefined) return true
  return fetch(new URL('.', document.baseURI), { cache: 'no-store' }).then(
    (response) => response.ok,
    () => false,
  )
}
