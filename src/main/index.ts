/** @file Electron's main process: what is set up and in which order; the window comes last. */
import { join } from 'node:path'
import { app, BrowserWindow } from 'electron'
import { channels } from '../preload/channels'
import type { DesktopCommand } from '../preload/contract'
import { createSurface, defaultWorkspace, findAppFolders, readPages, superviseEngine, trainingStopMs, watchTraining } from '../shell'
import { registerAppScheme, setupAppProtocol } from './app-protocol'
import { ask, folderDialog, modelDialog, setupDialogs } from './dialogs'
import { startUtilityEngine } from './engine-process'
import { tell } from './ipc'
import { setupMenu } from './menu'
import { openExternal, setupNavigation } from './navigation'
import { setupPagePorts } from './page-ports'
import { setupPermissions } from './permissions'
import { setupRefusal } from './refusal'
import { createPowerBlocker } from './power'
import { createUtilityTrainers } from './trainers'
import { openWindow } from './window'

function sendCommand(command: DesktopCommand): void {
  const [window] = BrowserWindow.getAllWindows()
  if (window !== undefined) tell(window.webContents, channels.command, command)
}

async function pickAndSend(kind: 'open-folder' | 'import-model'): Promise<void> {
  const [window] = BrowserWindow.getAllWindows()
  if (window === undefined) return
  const path = await ask(window.webContents, kind === 'open-folder' ? folderDialog : modelDialog(process.platform))
  if (path !== undefined) sendCommand({ kind, path })
}

async function ready(): Promise<void> {
  const { version, resources, renderer, engineModule, trainerModule, root } = findAppFolders()
  const trainers = createUtilityTrainers(trainerModule)
  const engine = superviseEngine((restarted) => startUtilityEngine(engineModule, { version, resources, workspace: defaultWorkspace(), restarted }, trainers))
  setupRefusal(engine)
  const watch = watchTraining(engine, createPowerBlocker())
  const pages = await readPages(renderer)
  const files = { preload: join(root, 'out', 'preload', 'index.cjs'), bounds: join(app.getPath('userData'), 'window.json') }

  setupPermissions()
  setupNavigation()
  setupAppProtocol(createSurface({ pages, engine: engine.client }))
  setupDialogs()
  setupPagePorts(engine)
  setupMenu({
    pickFolder: () => void pickAndSend('open-folder'),
    pickModel: () => void pickAndSend('import-model'),
    send: sendCommand,
    openLink: openExternal,
  })

  app.on('second-instance', () => {
    const [window] = BrowserWindow.getAllWindows()
    if (window?.isMinimized() === true) window.restore()
    window?.focus()
  })
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) openWindow(files)
  })
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  let engineStopped = false
  app.on('will-quit', (event) => {
    if (engineStopped) return
    event.preventDefault()
    const graceMs = watch.hasTrainer() ? trainingStopMs : undefined
    // A trainer may outlive an engine that crashed: it is still writing its checkpoint.
    void Promise.all([engine.stop(graceMs), trainers.ended(trainingStopMs)]).then(() => {
      engineStopped = true
      app.quit()
    })
  })
  openWindow(files)
}

app.enableSandbox()
registerAppScheme()
if (app.requestSingleInstanceLock()) {
  app.whenReady().then(ready).catch((error: unknown) => {
    process.stderr.write(`dinoscope: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    app.exit(1)
  })
} else app.quit()
