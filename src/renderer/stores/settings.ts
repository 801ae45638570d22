/** @file The page's settings as one immutable value; every change is written through the settings service. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch, type WritableComputedRef } from 'vue'
import { loadSettings, saveSettings, withRecentFolder, type Settings } from '../services/settings'

export const useSettingsStore = defineStore('settings', () => {
  const values = shallowRef<Settings>(loadSettings())

  const update = (changes: Partial<Settings>): void => {
    values.value = { ...values.value, ...changes }
  }

  /** One setting as a ref for `v-model`. */
  const field = <K extends keyof Settings>(name: K): WritableComputedRef<Settings[K]> =>
    computed({
      get: () => values.value[name],
      set: (value) => {
        values.value = { ...values.value, [name]: value }
      },
    })

  const rememberFolder = (path: string): void => {
    update({ lastFolder: path, recentFolders: withRecentFolder(values.value.recentFolders, path) })
  }

  const forgetFolder = (path: string): void => {
    update({ recentFolders: values.value.recentFolders.filter((known) => known !== path) })
  }

  watch(values, saveSettings, { flush: 'sync' })

  return { values, update, field, rememberFolder, forgetFolder }
})
