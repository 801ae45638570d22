/** @file Dense heads: depth and classes, imported, trained, named, written and removed. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { isEngineError, messageOf, type DepthExportResult, type HeadInfo, type HeadKind } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { createLibraryWork } from './library-work'
import { useNoticesStore } from './notices'

/** As the command line has them. */
const training = { epochs: 10, validation: 0.2, seed: 1 } as const

export const useHeadsStore = defineStore('heads', () => {
  const notices = useNoticesStore()
  const heads = shallowRef<readonly HeadInfo[]>([])
  const problem = shallowRef<Problem>()
  const importing = shallowRef(false)
  const learning = createLibraryWork<HeadInfo>('Training a head')
  const exporting = createLibraryWork<DepthExportResult>('Writing a head')
  /** Pictures that were left out of the last training. */
  const skipped = shallowRef(0)
  /** The file does not say which depths its head was made for. */
  const asksRange = shallowRef(false)

  const load = async (): Promise<void> => {
    heads.value = await useClient()['heads.list'](undefined).catch(() => heads.value)
  }
  /** @returns whether it is there now */
  const importFrom = async (path: string, maxDepth: number | undefined): Promise<boolean> => {
    importing.value = true
    problem.value = undefined
    try {
      const { name } = await useClient()['heads.import']({ path, name: undefined, maxDepth }).result
      asksRange.value = false
      notices.show('done', `${name} is there; the inspector shows what it says.`)
      await load()
      return true
    } catch (error) {
      asksRange.value = isEngineError(error) && error.detail?.['field'] === 'maxDepth'
      if (!isCancelled(error) && !asksRange.value) problem.value = problemOf(error)
      return false
    } finally {
      importing.value = false
    }
  }
  /** Learns from the pictures of the open folder that have an answer in the folder `targets`. */
  const train = async (kind: HeadKind, name: string, targets: string): Promise<void> => {
    skipped.value = 0
    await learning.run(({ libraryId, modelId }, onProgress) =>
      useClient()['heads.train']({ libraryId, rows: undefined, modelId, kind, name, targets, ...training }, (event) => {
        if (event.kind === 'progress') onProgress(event)
        if (event.kind === 'skipped') skipped.value += 1
      }),
    )
    await load()
  }
  const write = async (headId: string): Promise<void> => {
    await exporting.run((_space, onProgress) => useClient()['heads.export']({ headId }, onProgress))
  }
  const change = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      notices.show('problem', `${what}: ${messageOf(error)}`)
    }
    await load()
  }
  const rename = (headId: string, name: string): Promise<void> => change('The head could not be renamed', () => useClient()['heads.rename']({ headId, name }))
  const remove = (headId: string): Promise<void> => change('The head could not be removed', () => useClient()['heads.remove']({ headId }))

  return {
    heads, problem, importing, asksRange, skipped, trainingState: learning.state, trained: learning.result, exportState: exporting.state, exported: exporting.result,
    load, importFrom, train, stopTraining: learning.stop, write, rename, remove,
  }
})
