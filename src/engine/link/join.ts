/** @file Two ports of one conversation joined in the middle, where a shell stands between page and engine. */
import type { ClientPort, HostPort } from '../contract'

/** Hands every message on, both ways. Whichever side closes, `onEngineGone` or the engine's port is told. */
export function joinPorts(page: HostPort, engine: ClientPort, onEngineGone: (reason: string) => void): void {
  page.onMessage(engine.post)
  engine.onMessage(page.post)
  page.onClose(() => {
    engine.close()
  })
  engine.onClose(onEngineGone)
}
