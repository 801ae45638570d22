/** @file Builds `window.dinoscope` for the page; nothing else. Bundled to one CommonJS file, as a sandboxed preload must be. */
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { channels } from './channels'
import type { DinoscopeBridge, EngineBridge } from './contract'

type Unsubscribe = () => void

/** Subscribes to a message from main without showing the page Electron's event. */
function onMain(channel: string, listener: (value: never) => void): Unsubscribe {
  const receive = (_event: unknown, value: unknown): void => {
    listener(value as never)
  }
  ipcRenderer.on(channel, receive)
  return () => {
    ipcRenderer.removeListener(channel, receive)
  }
}

function connectEngine(): EngineBridge {
  const { port1: own, port2: engines } = new MessageChannel()
  ipcRenderer.postMessage(channels.engine, undefined, [engines])
  own.start()
  return {
    post: (message) => {
      own.postMessage(message)
    },
    onMessage: (listener) => {
      const receive = (event: MessageEvent): void => {
        listener(event.data as Parameters<typeof listener>[0])
      }
      own.addEventListener('message', receive)
      return () => {
        own.removeEventListener('message', receive)
      }
    },
    onClose: (listener) => onMain(channels.engineGone, listener),
  }
}

const bridge: DinoscopeBridge = {
  platform: 'desktop',
  engine: connectEngine(),
  pickFolder: () => ipcRenderer.invoke(channels.pickFolder) as Promise<string | undefined>,
  pickModel: () => ipcRenderer.invoke(channels.pickModel) as Promise<string | undefined>,
  pathForFile: (file) => webUtils.getPathForFile(file),
  onCommand: (listener) => onMain(channels.command, listener),
}

contextBridge.exposeInMainWorld('dinoscope', bridge)
