/** @file Named selections and tags of the open folder: made, changed, filtered to, removed and brought back. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { SetChange, SetInfo, SetKind } from '../../engine/contract'
import { useClient } from '../services/client'
import { formatQuantity } from '../services/format'
import { messageOf } from '../../engine/contract'
import { problemOf, type Problem } from '../services/problem'
import { useLibraryStore } from './library'
import { useNoticesStore } from './notices'
import { useSelectionStore } from './selection'
import { maskOf } from './selection-mask'

/** What a kind is called. */
export const setNouns: Readonly<Record<SetKind, string>> = { selection: 'selection', tag: 'tag' }

const byName = (a: SetInfo, b: SetInfo): number => a.name.localeCompare(b.name, 'en', { numeric: true })

export const useSetsStore = defineStore('sets', () => {
  const library = useLibraryStore()
  const selection = useSelectionStore()
  const notices = useNoticesStore()
  const sets = shallowRef<readonly SetInfo[]>([])
  const problem = shallowRef<Problem>()
  let asked = 0

  const selections = computed(() => sets.value.filter(({ kind }) => kind === 'selection'))
  const tags = computed(() => sets.value.filter(({ kind }) => kind === 'tag'))
  const filterId = (setId: string): string => `set:${setId}`
  const isShown = (setId: string): boolean => library.filters.some(({ id }) => id === filterId(setId))

  const take = (changed: SetInfo): void => {
    sets.value = [...sets.value.filter(({ setId }) => setId !== changed.setId), changed].sort(byName)
  }
  const libraryId = (): string => library.library?.libraryId ?? ''
  /** Runs a command on sets; what goes wrong is told in a notice. Undefined where it did. */
  const attempt = async <T>(what: string, command: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await command()
    } catch (error) {
      notices.show('problem', `${what}: ${messageOf(error)}`)
      return undefined
    }
  }

  const refresh = async (): Promise<void> => {
    const mine = ++asked
    if (library.library === undefined) {
      sets.value = []
      return
    }
    try {
      const found = await useClient()['sets.list']({ libraryId: libraryId() })
      if (mine !== asked) return
      sets.value = [...found].sort(byName)
      problem.value = undefined
    } catch (error) {
      if (mine === asked) problem.value = problemOf(error)
    }
  }

  const rowsOf = async (setId: string): Promise<Uint32Array> => (await useClient()['sets.rows']({ libraryId: libraryId(), setId })).rows

  /** Narrows the grid to a set, or lets go of it again. */
  const toggleShown = async (set: SetInfo): Promise<void> => {
    const id = filterId(set.setId)
    if (isShown(set.setId)) {
      library.removeFilter(id)
      return
    }
    const rows = await attempt(`${set.name} could not be shown`, () => rowsOf(set.setId))
    if (rows === undefined) return
    const mask = maskOf(rows, library.imageCount)
    library.addFilter({ id, kind: set.kind, label: set.name, keeps: (row) => mask[row] === 1 })
  }

  /** Makes the pictures of a set the selection. */
  const select = async (set: SetInfo): Promise<void> => {
    const rows = await attempt(`${set.name} could not be selected`, () => rowsOf(set.setId))
    if (rows !== undefined) selection.set(rows)
  }

  const create = async (kind: SetKind, name: string, rows: Uint32Array): Promise<SetInfo | undefined> => {
    const made = await attempt(`The ${setNouns[kind]} could not be saved`, () => useClient()['sets.create']({ libraryId: libraryId(), kind, name, rows }))
    if (made === undefined) return undefined
    take(made)
    notices.show('done', `${formatQuantity(made.here, 'picture')} ${kind === 'tag' ? 'tagged' : 'saved as'} ${made.name}.`)
    return made
  }

  const change = async (set: SetInfo, by: SetChange): Promise<void> => {
    const changed = await attempt(`${set.name} could not be changed`, () => useClient()['sets.change']({ libraryId: libraryId(), setId: set.setId, change: by }))
    if (changed === undefined) return
    take(changed)
    if (!isShown(set.setId)) return
    library.removeFilter(filterId(set.setId))
    await toggleShown(changed)
  }
  const rename = (set: SetInfo, name: string): Promise<void> => change(set, { kind: 'rename', name })
  const add = (set: SetInfo, rows: Uint32Array): Promise<void> => change(set, { kind: 'add', rows })
  const takeOut = (set: SetInfo, rows: Uint32Array): Promise<void> => change(set, { kind: 'take', rows })
  const replace = (set: SetInfo, rows: Uint32Array): Promise<void> => change(set, { kind: 'replace', rows })

  const restore = async (set: SetInfo): Promise<void> => {
    const back = await attempt(`${set.name} could not be brought back`, () => useClient()['sets.restore']({ libraryId: libraryId(), setId: set.setId }))
    if (back !== undefined) take(back)
  }
  const remove = async (set: SetInfo): Promise<void> => {
    const removed = await attempt(`${set.name} could not be removed`, async () => {
      await useClient()['sets.remove']({ setId: set.setId })
      return true
    })
    if (removed === undefined) return
    sets.value = sets.value.filter(({ setId }) => setId !== set.setId)
    library.removeFilter(filterId(set.setId))
    notices.show('info', `The ${setNouns[set.kind]} ${set.name} was removed.`, { label: 'Undo', run: () => void restore(set) })
  }

  watch(
    () => `${library.library?.libraryId ?? ''} ${library.state.phase === 'open'}`,
    () => void refresh(),
  )

  return { sets, selections, tags, problem, isShown, refresh, rowsOf, toggleShown, select, create, rename, add, takeOut, replace, remove, restore }
})
