/** @file What the page gets from the desktop shell: exactly these functions, and nothing of Electron. */
import { expect, it, vi } from 'vitest'
import { connect, engineContract, type HostMessage } from '../../src/engine/contract'
import { channels } from '../../src/preload/channels'
import type { DinoscopeBridge } from '../../src/preload/contract'
import * as electron from '../helpers/electron'

vi.mock('electron', () => import('../helpers/electron'))
await import('../../src/preload/index')

const bridge = electron.registered.exposed.get('dinoscope') as DinoscopeBridge
const [channel, , [enginePort]] = electron.ipcRenderer.postMessage.mock.calls[0] as [string, unknown, [MessagePort]]

function shapeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([key, child]) => [key, shapeOf(child)])) : typeof value
}

it('exposes one object of plain functions', () => {
  expect({ names: [...electron.registered.exposed.keys()], shape: shapeOf(bridge) }).toEqual({
    names: ['dinoscope'],
    shape: {
      platform: 'string',
      engine: { post: 'function', onMessage: 'function', onClose: 'function' },
      pickFolder: 'function',
      pickModel: 'function',
      pathForFile: 'function',
      onCommand: 'function',
    },
  })
})

it('hands main one end of a channel and speaks the contract over the other', async () => {
  enginePort.onmessage = (event: MessageEvent<{ id: string; name: string }>) => {
    enginePort.postMessage({ kind: 'reply', id: event.data.id, ok: true, value: [event.data.name] } satisfies HostMessage)
  }
  const { client } = connect(engineContract, { ...bridge.engine, close: () => undefined })
  expect([channel, await client['models.list'](undefined)]).toEqual([channels.engine, ['models.list']])
  enginePort.close()
})

it('tells of commands and of the end of the engine without showing the event, until unsubscribed', () => {
  const heard: unknown[] = []
  const stop = bridge.onCommand((command) => heard.push(command))
  bridge.engine.onClose((reason) => heard.push(reason))
  electron.ipcRendererEvents.emit(channels.command, { sender: 'secret' }, { kind: 'theme', theme: 'dark' })
  stop()
  electron.ipcRendererEvents.emit(channels.command, {}, { kind: 'theme', theme: 'light' })
  electron.ipcRendererEvents.emit(channels.engineGone, {}, 'it crashed')
  expect(heard).toEqual([{ kind: 'theme', theme: 'dark' }, 'it crashed'])
})

it('asks main for dialogs and Electron for the path of a dropped file', async () => {
  expect([await bridge.pickFolder(), await bridge.pickModel(), bridge.pathForFile(new File([], 'a.jpg'))]).toEqual([`answer of ${channels.pickFolder}`, `answer of ${channels.pickModel}`, '/dropped'])
})
