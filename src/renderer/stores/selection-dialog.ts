/** @file Which question about the selection is being asked. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

/** A name to save it under, a tag to give it, a folder to copy it to. */
export type SelectionQuestion = 'selection' | 'tag' | 'copy'

export const useSelectionDialogStore = defineStore('selection-dialog', () => {
  const asking = shallowRef<SelectionQuestion>()
  return { asking }
})
