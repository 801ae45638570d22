/** @file The system's dialogs: the only way a path gets from the person to the page besides dropping. */
import { BrowserWindow, dialog, type OpenDialogOptions, type WebContents } from 'electron'
import { channels } from '../preload/channels'
import { handle } from './ipc'

export const folderDialog: OpenDialogOptions = { title: 'Open folder', buttonLabel: 'Open', properties: ['openDirectory'] }

/** On Linux and Windows one dialog cannot offer files and folders at once, so there a model folder is named by its file. */
export function modelDialog(platform: NodeJS.Platform): OpenDialogOptions {
  return {
    title: 'Import model',
    buttonLabel: 'Import',
    properties: platform === 'darwin' ? ['openFile', 'openDirectory'] : ['openFile'],
    filters: [
      { name: 'Model weights', extensions: ['pth', 'pt', 'bin', 'safetensors', 'onnx'] },
      { name: 'All files', extensions: ['*'] },
    ],
  }
}

/** The chosen path, or undefined when the dialog was dismissed. */
export async function ask(contents: WebContents, options: OpenDialogOptions): Promise<string | undefined> {
  const window = BrowserWindow.fromWebContents(contents)
  const { canceled, filePaths } = window === null ? await dialog.showOpenDialog(options) : await dialog.showOpenDialog(window, options)
  return canceled ? undefined : filePaths[0]
}

/** Lets the page ask for both. */
export function setupDialogs(): void {
  handle(channels.pickFolder, (sender) => ask(sender, folderDialog))
  handle(channels.pickModel, (sender) => ask(sender, modelDialog(process.platform)))
}
