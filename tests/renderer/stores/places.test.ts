/** @file Folders and models are chosen in the way of each home, and what is dropped is understood or kindly refused. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { DinoscopeBridge } from '../../../src/preload/contract'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { useNoticesStore } from '../../../src/renderer/stores/notices'
import { usePlacesStore } from '../../../src/renderer/stores/places'
import { startPage } from '../page'

const desktop = (changes: Partial<DinoscopeBridge> = {}): void => {
  const bridge: Partial<DinoscopeBridge> = {
    platform: 'desktop',
    pickFolder: () => Promise.resolve('/picked/folder'),
    pickModel: () => Promise.resolve('/picked/model.pth'),
    pathForFile: (file) => `/dropped/${file.name}`,
    ...changes,
  }
  vi.stubGlobal('dinoscope', bridge)
}
const fileOf = (name: string): File => ({ name }) as File

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('usePlacesStore on the desktop', () => {
  it('asks the system and opens or imports the answer', async () => {
    startPage()
    desktop()
    const places = usePlacesStore()
    await places.ask('folder')
    await places.ask('model')
    expect([useLibraryStore().library?.path, useModelsStore().importing.phase, places.asking]).toEqual(['/picked/folder', 'imported', undefined])
  })

  it('does nothing when the dialog is dismissed', async () => {
    startPage()
    desktop({ pickFolder: () => Promise.resolve(undefined) })
    await usePlacesStore().ask('folder')
    expect(useLibraryStore().state).toEqual({ phase: 'empty' })
  })

  it('opens a dropped folder and imports a dropped model on any screen', async () => {
    startPage()
    desktop()
    const places = usePlacesStore()
    await places.drop(fileOf('trip'), true, 'folder')
    await places.drop(fileOf('dino.PTH'), false, 'folder')
    expect([useLibraryStore().library?.path, useModelsStore().importing]).toMatchObject(['/dropped/trip', { phase: 'failed', path: '/dropped/dino.PTH' }])
  })

  it('takes a folder for a model where models are', async () => {
    startPage()
    desktop()
    await usePlacesStore().drop(fileOf('dinov2-small'), true, 'model')
    expect(useModelsStore().importing).toMatchObject({ path: '/dropped/dinov2-small' })
  })

  it('explains that a single picture is not a folder', async () => {
    startPage()
    desktop()
    await usePlacesStore().drop(fileOf('cat.jpg'), false, 'folder')
    expect(useLibraryStore().state).toEqual({ phase: 'empty' })
    expect(useNoticesStore().notices).toMatchObject([{ kind: 'info', text: 'Drop the folder that holds the pictures, not a single file.' }])
  })
})

describe('usePlacesStore in a browser', () => {
  it('asks in the page and takes the answer', async () => {
    startPage()
    const places = usePlacesStore()
    await places.ask('folder')
    expect(places.asking).toBe('folder')
    await places.answer('/typed/path')
    expect([places.asking, useLibraryStore().library?.path]).toEqual([undefined, '/typed/path'])
  })

  it('does nothing when its dialog is dismissed', async () => {
    startPage()
    const places = usePlacesStore()
    await places.ask('model')
    await places.answer(undefined)
    expect([places.asking, useModelsStore().importing]).toEqual([undefined, { phase: 'idle' }])
  })

  it('explains that a browser gives no path and asks instead', async () => {
    startPage()
    const places = usePlacesStore()
    await places.drop(fileOf('trip'), true, 'folder')
    expect(places.asking).toBe('folder')
    expect(useNoticesStore().notices).toMatchObject([{ text: 'A browser does not tell where a dropped folder lies. Please choose it here instead.' }])
  })
})

describe('a folder to put files into', () => {
  it('is asked for in the way of each home, and opens nothing', async () => {
    startPage()
    const places = usePlacesStore()
    const chosen = places.chooseTarget()
    expect(places.asking).toBe('target')
    await places.answer('/out')
    const dismissed = places.chooseTarget()
    await places.answer(undefined)
    desktop()
    expect([await chosen, await dismissed, await places.chooseTarget(), useLibraryStore().state.phase]).toEqual(['/out', undefined, '/picked/folder', 'empty'])
  })
})
