/** @file The open folder: opens it, follows what happens in it, shows its images in an order, knows the chosen one. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { FileProblem, ImageEntry, JobHandle, LibraryEvent, LibrarySummary } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf } from '../services/problem'
import { createBatcher } from './batcher'
import { createImageList, type Ranking, type RowFilter } from './image-list'
import type { ImageSort } from './image-order'
import { useJobsStore } from './jobs'
import { libraryOf, reduceLibrary, type LibraryChange, type LibraryState } from './library-reducer'
import { useSettingsStore } from './settings'

/** New images reach the grid at most this often while a folder is scanned. */
const updateEveryMs = 120

export const useLibraryStore = defineStore('library', () => {
  const settings = useSettingsStore()
  const jobs = useJobsStore()
  const state = shallowRef<LibraryState>({ phase: 'empty' })
  const filter = shallowRef('')
  /** What besides words narrows the grid, each shown as a chip. */
  const filters = shallowRef<readonly RowFilter[]>([])
  /** An order that replaces the sorted one while a search is shown. */
  const ranking = shallowRef<Ranking>()
  /** What the order of depth is by; undefined where it is not known, and then the order is that of names. */
  const sortNumbers = shallowRef<Float32Array>()
  const activeId = shallowRef<string>()
  let running: JobHandle<LibrarySummary> | undefined
  /** Counts openings and closings: one that is overtaken while the previous folder is left starts nothing. */
  let generation = 0

  const library = computed(() => libraryOf(state.value))
  const sort = computed<ImageSort>(() => {
    const { sortBy, sortDescending, groupByFolder } = settings.values
    if (sortBy === 'depth' && sortNumbers.value === undefined) return { by: 'name', descending: false, grouped: groupByFolder }
    return { by: sortBy, descending: sortDescending, grouped: groupByFolder, numbers: sortBy === 'depth' ? sortNumbers.value : undefined }
  })
  const list = createImageList(sort.value)
  const { order, version } = list

  const dispatch = (change: LibraryChange): void => {
    state.value = reduceLibrary(state.value, change)
  }

  const applyEvents = (events: readonly LibraryEvent[]): void => {
    list.record(events)
    for (const event of events) dispatch(event)
    // A folder that has been read is counted anew, since a changed picture may have been a broken one.
    if (state.value.phase === 'open') dispatch({ kind: 'counted', counts: list.counts() })
  }
  const batcher = createBatcher(updateEveryMs, applyEvents)

  const reset = (): void => {
    batcher.clear()
    filter.value = ''
    filters.value = []
    ranking.value = undefined
    sortNumbers.value = undefined
    activeId.value = undefined
    list.clear()
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

  /** Puts a filter in place of the one with its id. */
  const addFilter = (added: RowFilter): void => {
    filters.value = [...filters.value.filter(({ id }) => id !== added.id), added]
  }
  const removeFilter = (id: string): void => {
    filters.value = filters.value.filter((one) => one.id !== id)
  }

  const rowOf = (imageId: string): number => list.table().indexById.get(imageId) ?? -1
  const entryAt = (position: number): ImageEntry | undefined => list.entryOfRow(list.rowAt(position))
  const entryOf = (imageId: string): ImageEntry | undefined => list.entryOfRow(rowOf(imageId))
  const problemOfImage = (imageId: string): FileProblem | undefined => list.table().problems.get(imageId)
  const sizeOf = (imageId: string): { readonly width: number; readonly height: number } | undefined => list.table().checks.get(imageId)
  const isGone = (imageId: string): boolean => list.table().gone.has(imageId)
  /** Counts how often the file has become another picture; part of the picture's address. */
  const revisionOf = (imageId: string): number => list.table().revisions.get(imageId) ?? 0
  /** Place of the image in the order shown, -1 where it is filtered away. */
  const positionOf = (imageId: string): number => list.positionOfRow(rowOf(imageId))
  /** Whether something besides the whole folder in its own order is shown. */
  const isNarrowed = computed(() => filter.value !== '' || filters.value.length > 0 || ranking.value !== undefined)
  /** The folder cannot be reached, so that every picture of it is gone for now. */
  const isOffline = computed(() => state.value.phase === 'open' && state.value.offline)
  /** Images there are, in whatever order: rows are 0 up to this. */
  const imageCount = computed(() => (version.value, list.table().entries.length))
  /** Whether some image lies in a sub-folder. */
  const hasFolders = computed(() => version.value >= 0 && list.table().folderKeys.some((key) => key !== ''))
  const problems = computed(() => (version.value, [...list.table().problems].map(([id, problem]) => ({ id, ...problem }))))
  const skipped = computed(() => (version.value, [...list.table().skipped]))

  watch(sort, list.sortBy)
  watch([filter, filters, ranking], () => {
    list.show(filter.value, filters.value, ranking.value)
  }, { flush: 'sync' })

  /** Listens to what happens in the folder after it has been read. Called once, when the page starts. */
  const follow = (): void => {
    useClient()['library.changed'](({ libraryId, events }) => {
      if (libraryId === library.value?.libraryId) for (const event of events) batcher.add(event)
    })
  }

  const { rowAt, positionOfRow, scoreOfRow, entryOfRow } = list
  return {
    state, library, order, version, filter, filters, ranking, sort, sortNumbers, activeId, problems, skipped, hasFolders, isNarrowed, isOffline, imageCount,
    open, openSamples, stop, close, follow, addFilter, removeFilter,
    rowAt, rowOf, positionOfRow, scoreOfRow, entryOfRow, entryAt, entryOf, problemOfImage, sizeOf, isGone, revisionOf, positionOf,
  }
})
