/** @file Known folders: listed when one is opened, forgotten when asked. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { useFoldersStore } from '../../../src/renderer/stores/folders'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useNoticesStore } from '../../../src/renderer/stores/notices'
import { useSettingsStore } from '../../../src/renderer/stores/settings'
import { startPage } from '../page'

const folder = (path: string, online: boolean) => ({ path, name: path.slice(1), images: 3, online, openedAt: '2026-03-12T21:40:00.000Z' })
const folders = [folder('/photos', true), folder('/usb', false)]

describe('useFoldersStore', () => {
  it('lists what is known once a folder is opened', async () => {
    startPage({ folders })
    const store = useFoldersStore()
    await useLibraryStore().open('/photos')
    await vi.waitFor(() => {
      expect(store.folders).toEqual(folders)
    })
  })

  it('forgets a folder, also as one opened lately', async () => {
    startPage({ folders })
    const store = useFoldersStore()
    useSettingsStore().update({ recentFolders: ['/usb', '/photos'] })
    await store.forget('/usb')
    expect([store.folders, useSettingsStore().values.recentFolders]).toEqual([[folders[0]], ['/photos']])
  })

  it('tells why a folder was not forgotten and keeps it', async () => {
    startPage({ folders, handlers: { 'library.forget': () => Promise.reject(new EngineError('BUSY', 'it is open')) } })
    const store = useFoldersStore()
    await store.forget('/usb')
    expect([store.folders, useNoticesStore().notices.at(-1)?.text]).toEqual([folders, 'The folder could not be forgotten: it is open'])
  })
})
