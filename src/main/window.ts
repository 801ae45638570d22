/** @file The window: sandboxed, isolated, where it was the last time. */
import { BrowserWindow, screen } from 'electron'
import { appUrl } from './app-origin'
import { trust } from './ipc'
import { fitBounds, minimumSize, readBounds, writeBounds } from './window-bounds'

export interface WindowFiles {
  /** The built preload. */
  readonly preload: string
  /** Where the bounds are remembered. */
  readonly bounds: string
}

/** Opens the window and loads the page into it. */
export function openWindow({ preload, bounds: boundsFile }: WindowFiles): BrowserWindow {
  const displays = [screen.getPrimaryDisplay(), ...screen.getAllDisplays()].map((display) => display.workArea)
  const { maximized, ...place } = fitBounds(readBounds(boundsFile), displays)
  const window = new BrowserWindow({
    ...place,
    minWidth: minimumSize.width,
    minHeight: minimumSize.height,
    title: 'DinoScope',
    show: false,
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
      // A scan that runs behind another window keeps its thumbnails coming.
      backgroundThrottling: false,
    },
  })
  trust(window.webContents)
  if (maximized) window.maximize()
  window.once('ready-to-show', () => {
    window.show()
  })
  window.on('close', () => {
    writeBounds(boundsFile, { ...window.getNormalBounds(), maximized: window.isMaximized() })
  })
  void window.loadURL(appUrl)
  return window
}
