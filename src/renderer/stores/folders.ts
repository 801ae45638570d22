/** @file The folders the workspace knows, whether they can be reached, and forgetting one. */
import { defineStore } from 'pinia'
import { shallowRef, watch } from 'vue'
import { messageOf, type FolderInfo } from '../../engine/contract'
import { useClient } from '../services/client'
import { problemOf, type Problem } from '../services/problem'
import { useLibraryStore } from './library'
import { useNoticesStore } from './notices'
import { useSettingsStore } from './settings'

export const useFoldersStore = defineStore('folders', () => {
  const library = useLibraryStore()
  const notices = useNoticesStore()
  const settings = useSettingsStore()
  const folders = shallowRef<readonly FolderInfo[]>([])
  const problem = shallowRef<Problem>()
  let asked = 0

  const refresh = async (): Promise<void> => {
    const mine = ++asked
    try {
      const found = await useClient()['library.folders'](undefined)
      if (mine !== asked) return
      folders.value = found
      problem.value = undefined
    } catch (error) {
      if (mine === asked) problem.value = problemOf(error)
    }
  }

  /** Forgets what is known of the files of a folder that is not open. Vectors stay: they belong to the content. */
  const forget = async (path: string): Promise<void> => {
    try {
      await useClient()['library.forget']({ path })
      settings.forgetFolder(path)
    } catch (error) {
      notices.show('problem', `The folder could not be forgotten: ${messageOf(error)}`)
    }
    await refresh()
  }

  watch(
    () => `${library.library?.libraryId ?? ''} ${library.state.phase}`,
    () => void refresh(),
  )

  return { folders, problem, refresh, forget }
})
