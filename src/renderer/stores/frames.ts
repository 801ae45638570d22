/** @file A sequence of frames: what is marked on the first one is carried through the others. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { Analysis, FirstFrame, FrameClass, JobHandle, PropagateEvent, PropagateExportRequest, PropagateExportResult, PropagateResult } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { createFirstSegments } from './first-segments'
import { painted, type FrameLabels } from './frame-labels'
import { useJobsStore } from './jobs'
import { useLibraryStore } from './library'
import { createLibraryWork } from './library-work'
import { useModelsStore } from './models'
import { useSelectionStore } from './selection'

/** Classes that can be painted: background is 0. */
export const paintClasses = [1, 2, 3, 4, 5, 6, 7, 8] as const
export const frameSizes = [224, 320, 480] as const
/** What the first frame is labelled by. */
export type FirstMarks = 'paint' | 'segments'
const kept = 50

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

export const useFramesStore = defineStore('frames', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const selection = useSelectionStore()
  const jobs = useJobsStore()
  const work = createLibraryWork<PropagateResult>('Carrying labels through frames')
  const exporting = createLibraryWork<PropagateExportResult>('Writing frames')
  const size = shallowRef<(typeof frameSizes)[number]>(480)
  const first = shallowRef<Analysis>()
  const problem = shallowRef<Problem>()
  const labels = shallowRef<Uint8Array>(new Uint8Array())
  const past = shallowRef<readonly Uint8Array[]>([])
  const found = shallowRef<readonly (FrameLabels | undefined)[]>([])
  /** What labels of the frames mean, as the run tells it. */
  const told = shallowRef<readonly FrameClass[]>([])
  const marks = shallowRef<FirstMarks>('paint')
  /** Whether the last run began with a mask file, which the page does not read. */
  const isFromFile = shallowRef(false)
  let looking: JobHandle<Analysis> | undefined

  /** Frames in their order: the pictures that are selected, or all, by name. */
  const rows = computed(() => {
    void [selection.version, library.version]
    const chosen = selection.count > 1 ? selection.rows() : Uint32Array.from({ length: library.imageCount }, (_, row) => row)
    const named = Array.from(chosen, (row) => ({ row, entry: library.entryOfRow(row) })).filter(({ entry }) => entry !== undefined && library.problemOfImage(entry.id) === undefined)
    return named.sort((a, b) => byName.compare(a.entry!.relativePath, b.entry!.relativePath)).map(({ row }) => row)
  })
  const firstId = computed(() => library.entryOfRow(rows.value[0] ?? -1)?.id)
  const segments = createFirstSegments(
    computed(() => {
      const [libraryId, modelId, row] = [library.library?.libraryId, models.active?.id, rows.value[0]]
      return libraryId === undefined || modelId === undefined || row === undefined ? undefined : { libraryId, modelId, row, size: size.value }
    }),
  )
  const isPainted = computed(() => labels.value.some((label) => label !== 0))
  /** What a run would begin with; undefined while nothing is marked. */
  const begins = computed<FirstFrame | undefined>(() => {
    if (marks.value === 'segments') return segments.first.value
    return first.value === undefined || !isPainted.value ? undefined : { kind: 'patches', gridHeight: first.value.gridHeight, gridWidth: first.value.gridWidth, labels: labels.value }
  })

  /** Looks at the first frame, so that one can mark on its patches. */
  const look = async (): Promise<void> => {
    const [imageId, modelId] = [firstId.value, models.active?.id]
    await looking?.cancel()
    first.value = undefined
    problem.value = undefined
    labels.value = new Uint8Array()
    past.value = []
    found.value = []
    told.value = []
    work.reset()
    if (imageId === undefined || modelId === undefined) return
    const line = jobs.begin('Looking at the first frame')
    const job = useClient()['view.analyse']({ imageId, modelId, size: size.value })
    looking = job
    line.attach(job)
    try {
      const analysis = await job.result
      if (looking !== job) return
      first.value = analysis
      labels.value = new Uint8Array(analysis.gridHeight * analysis.gridWidth)
    } catch (error) {
      if (looking === job && !isCancelled(error)) problem.value = problemOf(error)
    }
  }

  const keep = (): void => {
    past.value = [...past.value, labels.value].slice(-kept)
  }
  const paint = (patch: number, radius: number, label: number): void => {
    if (first.value !== undefined) labels.value = painted(labels.value, first.value.gridWidth, patch, radius, label)
  }
  const undo = (): void => {
    const before = past.value.at(-1)
    if (before === undefined || marks.value !== 'paint') return
    labels.value = before
    past.value = past.value.slice(0, -1)
  }
  const clear = (): void => {
    keep()
    labels.value = new Uint8Array(labels.value.length)
  }
  /** Marks the object that stands out in the first frame. */
  const findObject = async (): Promise<void> => {
    if (first.value === undefined) return
    try {
      const { mask } = await useClient()['view.object']({ analysisId: first.value.analysisId, method: 'tokencut' }).result
      keep()
      labels.value = Uint8Array.from(labels.value, (label, patch) => (mask[patch] === 1 ? 1 : label))
    } catch (error) {
      if (!isCancelled(error)) problem.value = problemOf(error)
    }
  }

  const takeFrame = (event: Extract<PropagateEvent, { kind: 'frame' }>): void => {
    const next = found.value.slice()
    next[event.index] = event
    found.value = next
  }
  const run = async (from = begins.value): Promise<void> => {
    if (from === undefined) return
    found.value = []
    told.value = []
    problem.value = undefined
    exporting.reset()
    isFromFile.value = from.kind === 'upload'
    await work.run(({ libraryId, modelId }, onProgress) =>
      useClient()['propagate.run']({ libraryId, rows: Uint32Array.from(rows.value), modelId, size: size.value, first: from }, (event) => {
        if (event.kind === 'progress') onProgress(event)
        else if (event.kind === 'frame') takeFrame(event)
        else if (event.kind === 'classes') told.value = event.classes
      }),
    )
  }
  const runFromFile = async (file: File): Promise<void> => {
    try {
      const { uploadId } = await useClient()['search.upload']({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })
      await run({ kind: 'upload', uploadId })
    } catch (error) {
      problem.value = problemOf(error)
    }
  }
  const write = async (what: PropagateExportRequest['what']): Promise<void> => {
    const result = work.result.value
    if (result !== undefined) await exporting.run((_space, onProgress) => useClient()['propagate.export']({ propagationId: result.propagationId, what }, onProgress))
  }
  /** The first frame shows what is marked on it, which may be more than what was followed; the labels of a file are told only by the run. */
  const showsMarks = (index: number): boolean => index === 0 && !(isFromFile.value && found.value[0] !== undefined)
  /** Labels of one frame: as marked on the first, or as found. */
  const labelsOf = (index: number): FrameLabels | undefined => {
    if (!showsMarks(index)) return found.value[index]
    if (marks.value === 'segments') return segments.labels.value
    return first.value && { gridHeight: first.value.gridHeight, gridWidth: first.value.gridWidth, labels: labels.value }
  }
  /** What the labels of a frame mean that are not painted ones. */
  const classesOf = (index: number): readonly FrameClass[] => {
    if (!showsMarks(index)) return told.value
    return marks.value === 'segments' ? segments.classes.value : []
  }

  watch(() => [firstId.value, models.active?.id, size.value].join(), () => {
    void look()
    if (marks.value === 'segments') void segments.show()
  })
  watch(
    () => library.library?.libraryId,
    () => {
      segments.forget()
      if (marks.value === 'segments') void segments.refresh()
    },
  )
  watch(rows, () => {
    found.value = []
    told.value = []
    isFromFile.value = false
    work.reset()
    exporting.reset()
  })
  watch(marks, (now) => {
    if (now === 'segments') void segments.refresh()
  })
  watch([marks, labels, segments.followed], () => {
    isFromFile.value = false
  })

  return {
    size, rows, first, problem, labels, found, marks, isPainted,
    isMarked: computed(() => begins.value !== undefined),
    canUndo: computed(() => marks.value === 'paint' && past.value.length > 0),
    segmentations: segments.stored, segmentationId: segments.chosenId, firstSegments: segments.found, followed: segments.followed, segmentsProblem: segments.problem,
    chooseSegmentation: segments.choose, refreshSegments: segments.refresh, toggleSegment: segments.toggle, followAll: segments.followAll,
    state: work.state, result: work.result, exportState: exporting.state, exported: exporting.result,
    look, keep, paint, undo, clear, findObject, run, runFromFile, stop: work.stop, stopWriting: exporting.stop, write, labelsOf, classesOf,
  }
})
