/** @file Dense heads: depth and classes, imported, named and removed. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { isEngineError, messageOf, type HeadInfo } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { useNoticesStore } from './notices'

export const useHeadsStore = defineStore('heads', () => {
  const notices = useNoticesStore()
  const heads = shallowRef<readonly HeadInfo[]>([])
  const problem = shallowRef<Problem>()
  const importing = shallowRef(false)
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

  return { heads, problem, importing, asksRange, load, importFrom, rename, remove }
})
