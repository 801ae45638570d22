/** @file Where the workspace lies on each platform, and that the app finds itself. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { defaultWorkspace, findAppFolders } from '../../src/shell'

describe('defaultWorkspace', () => {
  it.each([
    ['linux', {}, '/home/ada/.local/share/dinoscope'],
    ['linux', { XDG_DATA_HOME: '/data' }, '/data/dinoscope'],
    ['linux', { XDG_DATA_HOME: '' }, '/home/ada/.local/share/dinoscope'],
    ['darwin', {}, '/home/ada/Library/Application Support/DinoScope'],
    ['win32', { APPDATA: '/roaming' }, '/roaming/DinoScope'],
    ['win32', {}, '/home/ada/AppData/Roaming/DinoScope'],
    ['linux', { DINOSCOPE_HOME: '/elsewhere', XDG_DATA_HOME: '/data' }, '/elsewhere'],
    ['darwin', { DINOSCOPE_HOME: '' }, '/home/ada/Library/Application Support/DinoScope'],
  ] as const)('on %s with %j is %s', (platform, variables, workspace) => {
    expect(defaultWorkspace({ platform, home: '/home/ada', variables })).toBe(workspace)
  })
})

describe('findAppFolders', () => {
  it('finds the root from anywhere below it', () => {
    const root = join(import.meta.dirname, '..', '..')
    expect(findAppFolders(import.meta.dirname)).toEqual({
      root,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      resources: join(root, 'resources'),
      renderer: join(root, 'out', 'renderer'),
      engineModule: join(root, 'out', 'main', 'engine.js'),
      trainerModule: join(root, 'out', 'main', 'trainer.js'),
    })
  })

  it('says so when there is none', () => {
    expect(() => findAppFolders('/')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  })
})
