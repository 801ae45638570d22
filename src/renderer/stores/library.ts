/** @file The open folder: opens it, keeps its images in a plain table and an order to show them in, knows the chosen one. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { FileProblem, ImageEntry, JobHandle, LibraryEvent, LibrarySummary } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf } from '../services/problem'
import { createBatcher } from './batcher'
import { compareBy, filterIndices, mergeSorted, sortedIndices, type ImageSort } from './image-order'
import { createImageTable, recordEvent } from './image-table'
import { useJobsStore } from './jobs'
import { libraryOf, reduceLibrary, type LibraryChange, type LibraryState } from './library-reducer'
import { useSettingsStore } from './settings'

/** New images reach the grid at most this often while a folder is scanned. */
const updateEveryMs = 120

export const useLibraryStore = defineStore('library', () => {
  const settings = useSettingsStore()
  const jobs = useJobsStore()
  const state = shallowRef<LibraryState>({ phase: 'empty' })
  /** Indices into the table, filtered, in the order shown. */
  const order = shallowRef<Uint32Array>(new Uint32Array())
  /** Counts the table's changes, so that what was read from it can be read again. */
  const version = shallowRef(0)
  const filter = shallowRef('')
  const activeId = shallowRef<string>()
  let table = createImageTable()
  let sorted: Uint32Array = new Uint32Array()
  let running: JobHandle<LibrarySummary> | undefined
  /** Counts openings and closings: one that is overtaken while the previous folder is left starts nothing. */
  let generation = 0

  const library = computed(() => libraryOf(state.value))
  const sort = computed<ImageSort>(() => {
    const { sortBy, sortDescending, groupByFolder } = settings.values
    return { by: sortBy, descending: sortDescending, grouped: groupByFolder }
  })

  const dispatch = (change: LibraryChange): void => {
    state.value = reduceLibrary(state.value, change)
  }

  const showOrder = (): void => {
    order.value = filterIndices(table, sorted, filter.value)
    version.value += 1
  }

  const applyEvents = (events: readonly LibraryEvent[]): void => {
    for (const event of events) {
      recordEvent(table, event)
      dispatch(event)
    }
    const compare = compareBy(table, sort.value)
    sorted = mergeSorted(sorted, sortedIndices(sorted.length, table.entries.length, compare), compare)
    showOrder()
  }
  const batcher = createBatcher(updateEveryMs, applyEvents)

  const reset = (): void => {
    batcher.clear()
    table = createImageTable()
    sorted = new Uint32Array()
    filter.value = ''
    activeId.value = undefined
    showOrder()
  }

  const leave = async (): Promise<void> => {
    const previous = library.value
    const job = running
    running = undefined
    await job?.cancel()
    if (previous !== undefined) await useClient()['library.close']({ libraryId: previous.libraryId }).catch(() => undefined)
  }

  /** Opens `path` in place of what is open. Ends when the scan has ended, however it ended. */
  const open = async (path: string): Promise<void> => {
    const mine = ++generation
    const left = leave()
    reset()
    dispatch({ kind: 'open', path })
    await left
    if (mine !== generation) return
    const line = jobs.begin('Opening folder')
    const job = useClient()['library.open']({ path }, (event) => {
      if (running !== job) return
      if (event.kind === 'progress') line.report(event)
      if (event.kind === 'opened') settings.rememberFolder(path)
      batcher.add(event)
    })
    running = job
    line.attach(job)
    const ended = await job.result.then(
      (summary): LibraryChange => ({ kind: 'finished', summary }),
      (error: unknown): LibraryChange => (isCancelled(error) ? { kind: 'cancelled' } : { kind: 'failed', problem: problemOf(error) }),
    )
    if (running !== job) return
    running = undefined
    batcher.flush()
    dispatch(ended)
    if (library.value === undefined) settings.update({ lastFolder: undefined })
  }

  const openSamples = async (): Promise<void> => {
    const before = generation
    try {
      const { path } = await useClient()['library.samples'](undefined)
      if (before === generation) await open(path)
    } catch (error) {
      if (before !== generation) return
      dispatch({ kind: 'open', path: 'samples' })
      dispatch({ kind: 'failed', problem: problemOf(error) })
    }
  }

  const stop = async (): Promise<void> => {
    await running?.cancel()
  }

  const close = async (): Promise<void> => {
    generation += 1
    const left = leave()
    reset()
    dispatch({ kind: 'close' })
    settings.update({ lastFolder: undefined })
    await left
  }

  const entryAt = (position: number): ImageEntry | undefined => table.entries[order.value[position] ?? -1]
  const entryOf = (imageId: string): ImageEntry | undefined => table.entries[table.indexById.get(imageId) ?? -1]
  const problemOfImage = (imageId: string): FileProblem | undefined => table.problems.get(imageId)
  const sizeOf = (imageId: string): { readonly width: number; readonly height: number } | undefined => table.checks.get(imageId)
  /** Place of the image in the order shown, -1 where it is filtered away. */
  const positionOf = (imageId: string): number => order.value.indexOf(table.indexById.get(imageId) ?? -1)
  /** Whether some image lies in a sub-folder. */
  const hasFolders = computed(() => version.value >= 0 && table.folderKeys.some((key) => key !== ''))
  const problems = computed(() => (version.value, [...table.problems].map(([id, problem]) => ({ id, ...problem }))))
  const skipped = computed(() => (version.value, [...table.skipped]))

  watch(sort, () => {
    sorted = sortedIndices(0, table.entries.length, compareBy(table, sort.value))
    showOrder()
  })
  watch(filter, showOrder)

  return {
    state, library, order, version, filter, activeId, problems, skipped, hasFolders,
    open, openSamples, stop, close, entryAt, entryOf, problemOfImage, sizeOf, positionOf,
  }
})
