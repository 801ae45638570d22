/** @file Names of the few messages between the preload and Electron's main process. */

export const channels = {
  /** Page to main, carrying one end of a MessageChannel to be joined to the engine. */
  engine: 'dinoscope:engine',
  /** Main to page: the engine of this page is gone, with the reason. */
  engineGone: 'dinoscope:engine-gone',
  pickFolder: 'dinoscope:pick-folder',
  pickModel: 'dinoscope:pick-model',
  /** Main to page: something was chosen in the menu. */
  command: 'dinoscope:command',
} as const
