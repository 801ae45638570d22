/** @file Joins each page to the engine of the moment, and tells pages when their engine is gone. */
import { dialog, type WebContents } from 'electron'
import { messageOf } from '../engine/contract'
import { channels } from '../preload/channels'
import type { SupervisedEngine } from '../shell'
import type { UtilityEngine } from './engine-process'
import { onPort, tell } from './ipc'

/** Takes the pages' ports. A page that comes while the engine restarts waits for it; its messages wait in the port. */
export function setupPagePorts(engine: SupervisedEngine<UtilityEngine>): void {
  const joined = new Set<WebContents>()
  onPort(channels.engine, (port, page) => {
    engine.ready().then(
      () => {
        if (!joined.has(page)) page.once('destroyed', () => joined.delete(page))
        joined.add(page)
        engine.process()?.attach(port)
      },
      (error: unknown) => {
        tell(page, channels.engineGone, messageOf(error))
      },
    )
  })
  engine.onState((state) => {
    if (state.kind === 'running') return
    for (const page of joined) tell(page, channels.engineGone, state.reason)
    joined.clear()
    if (state.kind === 'stopped' && state.reason !== 'it was stopped') dialog.showErrorBox('The engine stopped', `${state.reason}.\n\nQuit DinoScope and start it again.`)
  })
}
