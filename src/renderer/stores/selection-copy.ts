/** @file Copying the originals of chosen pictures to a folder. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { CopyResult } from '../../engine/contract'
import { useClient } from '../services/client'
import { formatQuantity } from '../services/format'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { useJobsStore } from './jobs'
import { useLibraryStore } from './library'
import { useNoticesStore } from './notices'

export const useSelectionCopyStore = defineStore('selection-copy', () => {
  const library = useLibraryStore()
  const notices = useNoticesStore()
  const jobs = useJobsStore()
  const copying = shallowRef(false)
  /** Why the last copy failed, and what it left out. */
  const problem = shallowRef<Problem>()
  const result = shallowRef<CopyResult>()

  /** Copies the pictures of `rows` into an existing folder; originals are only read. */
  const copy = async (rows: Uint32Array, folder: string, keepFolders: boolean): Promise<void> => {
    const libraryId = library.library?.libraryId
    if (libraryId === undefined || copying.value) return
    copying.value = true
    problem.value = undefined
    result.value = undefined
    const line = jobs.begin('Copying files')
    const job = useClient()['sets.copy']({ libraryId, rows, folder, keepFolders }, (event) => {
      if (event.kind === 'progress') line.report(event)
    })
    line.attach(job)
    try {
      const copied = await job.result
      result.value = copied
      const left = copied.skipped.length === 0 ? '' : `; ${formatQuantity(copied.skipped.length, 'file')} could not be copied`
      notices.show(left === '' ? 'done' : 'problem', `${formatQuantity(copied.copied, 'file')} copied to ${copied.folder}${left}.`)
    } catch (error) {
      if (isCancelled(error)) notices.show('info', 'Copying was stopped; what had been copied stays.')
      else problem.value = problemOf(error)
    } finally {
      copying.value = false
    }
  }

  return { copying, problem, result, copy }
})
