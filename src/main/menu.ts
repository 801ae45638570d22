/** @file The application menu. */
import { Menu, type MenuItemConstructorOptions } from 'electron'
import type { DesktopCommand } from '../preload/contract'

/** What the menu can make happen. */
export interface MenuActions {
  pickFolder(): void
  pickModel(): void
  send(command: DesktopCommand): void
  openLink(url: string): void
}

const themes = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const

/** The menu as data, in the order of each platform. */
export function menuTemplate(actions: MenuActions, platform: NodeJS.Platform): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin'
  return [
    ...(mac ? [{ role: 'appMenu' } as const] : []),
    {
      label: 'File',
      submenu: [
        { label: 'Open folder…', accelerator: 'CmdOrCtrl+O', click: actions.pickFolder },
        { label: 'Import model…', accelerator: 'CmdOrCtrl+I', click: actions.pickModel },
        { type: 'separator' },
        mac ? { role: 'close' } : { role: 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        {
          label: 'Theme',
          submenu: themes.map(([theme, label]) => ({
            label,
            click: () => {
              actions.send({ kind: 'theme', theme })
            },
          })),
        },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'reload' },
        { role: 'togglefullscreen' },
        { role: 'toggleDevTools' },
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        { label: 'DINO: the paper', click: () => { actions.openLink('https://arxiv.org/abs/2104.14294') } },
        { label: 'DINOv2: the paper', click: () => { actions.openLink('https://arxiv.org/abs/2304.07193') } },
        ...(mac ? [] : [{ type: 'separator' } as const, { role: 'about' } as const]),
      ],
    },
  ]
}

/** Puts the menu in place. */
export function setupMenu(actions: MenuActions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(actions, process.platform)))
}
