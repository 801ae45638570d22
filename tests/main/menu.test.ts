/** @file The application menu does what it says, on every platform. */
import type { MenuItemConstructorOptions } from 'electron'
import { describe, expect, it, vi } from 'vitest'
import { ask, folderDialog, modelDialog } from '../../src/main/dialogs'
import { menuTemplate } from '../../src/main/menu'
import { dialog, fakeContents } from '../helpers/electron'

vi.mock('electron', () => import('../helpers/electron'))

function flatten(items: readonly MenuItemConstructorOptions[]): MenuItemConstructorOptions[] {
  return items.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? flatten(item.submenu) : [])])
}

describe('menuTemplate', () => {
  it.each(['linux', 'win32', 'darwin'] as const)('runs every action on %s', (platform) => {
    const log: unknown[] = []
    const items = flatten(
      menuTemplate({ pickFolder: () => log.push('folder'), pickModel: () => log.push('model'), send: (command) => log.push(command), openLink: (url) => log.push(url) }, platform),
    )
    for (const { click } of items) (click as (() => void) | undefined)?.()
    expect(log).toEqual([
      'folder',
      'model',
      ...['system', 'light', 'dark'].map((theme) => ({ kind: 'theme', theme })),
      'https://arxiv.org/abs/2104.14294',
      'https://arxiv.org/abs/2304.07193',
    ])
  })

  it('offers zoom, reload, quitting and about in the roles of the platform', () => {
    const roles = (platform: NodeJS.Platform): unknown[] =>
      flatten(menuTemplate({ pickFolder: () => 0, pickModel: () => 0, send: () => 0, openLink: () => 0 }, platform)).flatMap(({ role }) => role ?? [])
    expect([roles('linux'), roles('darwin')]).toEqual([
      ['quit', 'editMenu', 'resetZoom', 'zoomIn', 'zoomOut', 'reload', 'togglefullscreen', 'toggleDevTools', 'windowMenu', 'help', 'about'],
      ['appMenu', 'close', 'editMenu', 'resetZoom', 'zoomIn', 'zoomOut', 'reload', 'togglefullscreen', 'toggleDevTools', 'windowMenu', 'help'],
    ])
  })
})

describe('ask', () => {
  it('gives the chosen path, or nothing when the dialog was dismissed', async () => {
    const contents = fakeContents() as unknown as Electron.WebContents
    const chosen = await ask(contents, folderDialog)
    dialog.showOpenDialog.mockResolvedValueOnce({ canceled: true, filePaths: [] })
    expect([chosen, await ask(contents, modelDialog('linux'))]).toEqual(['/chosen', undefined])
  })
})
