/** @file Segments of the open folder: found, kept, named, merged, divided, made coarser, shown in pictures, written. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import {
  messageOf,
  type PictureSegments,
  type Segmentation,
  type SegmentationInfo,
  type SegmentChange,
  type SegmentExportRequest,
  type SegmentExportResult,
  type SegmentPictures,
  type SegmentPixels,
  type SegmentPixelsRequest,
} from '../../engine/contract'
import { useClient } from '../services/client'
import { createLibraryWork, useLibrarySpace } from './library-work'
import { useModelsStore } from './models'
import { useNoticesStore } from './notices'
import { createSegmentFacts } from './segment-facts'
import { segmentsAtLevel } from './segment-levels'
import { useSelectionStore, type RowScope } from './selection'

export type SegmentEdges = SegmentPixelsRequest['edges']

/** More beginnings rarely find better segments. */
const restarts = 3
const seed = 1
/** Edge of refined labels in a tile, pixels. */
const tileEdge = 224

export const useSegmentsStore = defineStore('segments', () => {
  const notices = useNoticesStore()
  const models = useModelsStore()
  const selection = useSelectionStore()
  const space = useLibrarySpace()
  const work = createLibraryWork<Segmentation>('Finding segments')
  const exporting = createLibraryWork<SegmentExportResult>('Writing segments')
  const stored = shallowRef<readonly SegmentationInfo[]>([])
  const wanted = shallowRef<number | 'auto'>('auto')
  const scope = shallowRef<RowScope>('all')
  /** Segment that is looked at; its pictures are shown. */
  const openId = shallowRef<number>()
  const pictures = shallowRef<SegmentPictures>()
  const marked = shallowRef<ReadonlySet<number>>(new Set())
  const changing = shallowRef(false)
  const edges = shallowRef<SegmentEdges>('raw')
  /** Segments that the slider leaves. */
  const level = shallowRef(0)
  const labels = shallowRef<ReadonlyMap<number, PictureSegments>>(new Map())
  const pixels = shallowRef<ReadonlyMap<number, SegmentPixels>>(new Map())
  const asked = new Set<string>()

  const segmentation = work.result
  const id = computed(() => segmentation.value?.info.segmentationId)
  const open = computed(() => segmentation.value?.segments.find((one) => one.id === openId.value))
  const into = computed(() => (segmentation.value === undefined ? new Map<number, number>() : segmentsAtLevel(segmentation.value, level.value)))
  const canUndo = computed(() => segmentation.value?.canUndo === true && !changing.value)
  const libraryId = (): string => space.value?.libraryId ?? ''
  /** Changes by hand since the page was opened. */
  const changes = shallowRef(0)
  const facts = createSegmentFacts({
    libraryId: computed(() => space.value?.libraryId),
    segmentation,
    openId: () => openId.value,
    selected: (most) => (void selection.version, selection.count > 0 ? Array.from(selection.rows().subarray(0, most)) : []),
  })

  const forget = (): void => {
    asked.clear()
    labels.value = new Map()
    pixels.value = new Map()
  }
  const refresh = async (): Promise<void> => {
    const folder = libraryId()
    if (folder === '') return
    const found = await useClient()['segments.list']({ libraryId: folder }).catch(() => [])
    if (folder === libraryId()) stored.value = found
  }
  const find = async (): Promise<void> => {
    openId.value = undefined
    const rows = selection.rowsIn(scope.value)
    await work.run(({ libraryId: folder, modelId }, onProgress) =>
      useClient()['segments.find']({ libraryId: folder, rows, modelId, segments: wanted.value, restarts, seed }, (event) => {
        if (event.kind === 'progress') onProgress(event)
      }),
    )
    await refresh()
  }
  const showAnswer = async (what: string, ask: () => Promise<Segmentation>): Promise<void> => {
    changing.value = true
    try {
      work.show(await ask())
    } catch (error) {
      notices.show('problem', `${what}: ${messageOf(error)}`)
    } finally {
      changing.value = false
    }
  }
  const load = (segmentationId: string): Promise<void> => {
    openId.value = undefined
    return showAnswer('The segments could not be opened', () => useClient()['segments.load']({ libraryId: libraryId(), segmentationId }))
  }
  const change = async (by: SegmentChange): Promise<void> => {
    const segmentationId = id.value
    if (segmentationId === undefined) return
    changes.value++
    await showAnswer('The segments could not be changed', () => useClient()['segments.change']({ libraryId: libraryId(), segmentationId, change: by }))
    if (open.value === undefined) openId.value = undefined
    await refresh()
  }
  const undo = (): void => {
    if (canUndo.value) void change({ kind: 'undo' })
  }
  const mark = (segment: number): void => {
    const next = new Set(marked.value)
    if (!next.delete(segment)) next.add(segment)
    marked.value = next
  }
  const remove = async (segmentationId: string): Promise<void> => {
    try {
      await useClient()['segments.remove']({ segmentationId })
    } catch (error) {
      notices.show('problem', `The segments could not be removed: ${messageOf(error)}`)
    }
    if (id.value === segmentationId) work.reset()
    await refresh()
  }

  /** Asks for the labels of a picture, once. A picture that was not segmented has none. */
  const want = async (row: number): Promise<void> => {
    const [segmentationId, how] = [id.value, edges.value]
    if (segmentationId === undefined) return
    const key = `${how} ${row}`
    if (asked.has(key)) return
    asked.add(key)
    const isAsked = (): boolean => asked.has(key) && segmentationId === id.value
    try {
      if (how === 'raw') {
        const found = await useClient()['segments.picture']({ libraryId: libraryId(), segmentationId, row })
        if (isAsked()) labels.value = new Map(labels.value).set(row, found)
      } else {
        const found = await useClient()['segments.pixels']({ libraryId: libraryId(), segmentationId, row, edges: how, maxEdge: tileEdge })
        if (isAsked() && how === edges.value) pixels.value = new Map(pixels.value).set(row, found)
      }
    } catch {
      // The picture is shown without.
    }
  }
  const write = async (what: SegmentExportRequest['what'], rows: Uint32Array | undefined): Promise<void> => {
    const segmentationId = id.value
    if (segmentationId === undefined) return
    await exporting.run(({ libraryId: folder }, onProgress) =>
      useClient()['segments.export']({ libraryId: folder, segmentationId, rows, what, edges: edges.value, raw: false }, (event) => {
        if (event.kind === 'progress') onProgress(event)
      }),
    )
  }
  /** Lets go of the segment and the picture that are looked at; whether there was one. */
  const leave = (): boolean => {
    const isOpen = openId.value !== undefined || facts.lookedAt.value !== undefined
    openId.value = undefined
    facts.lookedAt.value = undefined
    return isOpen
  }
  /** What was looked at last, or the newest that is kept. */
  const begin = async (): Promise<void> => {
    await refresh()
    const newest = stored.value.find(({ modelId }) => modelId === models.active?.id)
    if (work.state.value.phase === 'idle' && newest !== undefined) await load(newest.segmentationId)
  }

  watch(segmentation, (now, before) => {
    marked.value = new Set()
    level.value = now?.segments.length ?? 0
    forget()
    if (now?.info.segmentationId !== before?.info.segmentationId) exporting.reset()
  })
  // What was marked may not be listed any more.
  watch(level, () => {
    marked.value = new Set()
  })
  watch(edges, () => {
    for (const key of asked) if (!key.startsWith('raw')) asked.delete(key)
    pixels.value = new Map()
  })
  watch([openId, segmentation], async () => {
    const [segment, segmentationId] = [openId.value, id.value]
    pictures.value = undefined
    if (segment === undefined || segmentationId === undefined) return
    const found = await useClient()['segments.pictures']({ libraryId: libraryId(), segmentationId, segment }).catch((error: unknown) => {
      notices.show('problem', `The pictures with this segment could not be found: ${messageOf(error)}`)
      return undefined
    })
    if (segment === openId.value && segmentationId === id.value) pictures.value = found
  })
  watch(libraryId, () => {
    stored.value = []
    openId.value = undefined
  })

  return {
    state: work.state, segmentation, stored, wanted, scope, openId, open, pictures, marked, changing, canUndo, edges, level, into, labels, pixels,
    exportState: exporting.state, exported: exporting.result, changes,
    typical: facts.typical, lookedAt: facts.lookedAt, measured: facts.measured,
    begin, refresh, find, stop: work.stop, load, change, undo, mark, remove, want, leave, write, stopWriting: exporting.stop,
  }
})
